#include <config.h>

#include "temporary.h"

#include "cookie.h"
#include "descriptor.h"
#include "mode.h"
#include "open.h"
#include "options.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* ---- The store -----------------------------------------------------------------------
 */

static bool file_stays(const struct temporary *temporary)
{
    return temporary->given_path != NULL ||
           (temporary->removal != NULL && !removal_is_armed(temporary->removal));
}

static int temporary_destroy(struct store *store)
{
    struct temporary *temporary = (struct temporary *) store;
    bool stays = file_stays(temporary);
    if (temporary->removal != NULL)
        removal_release(temporary->removal);
    free(temporary->given_path);
    int status = file_finish(&temporary->file);
    int saved = errno;
    free(temporary);
    errno = saved;
    return stays ? status : 0;
}

static const struct store_operations temporary_operations = {
    .read = file_read,
    .write = file_write,
    .append = file_append,
    .truncate = file_truncate,
    .size = file_size,
    .view = file_view,
    .detach = file_detach,
    .copy_to = file_copy_to,
    .descriptor = file_descriptor,
    .obtain_descriptor = file_obtain_descriptor,
    .move_to_disk = file_move_to_disk,
    .in_memory = file_in_memory,
    .renew = file_renew,
    .destroy = temporary_destroy,
};

struct temporary *temporary_of(struct store *store)
{
    return store->operations == &temporary_operations ? (struct temporary *) store : NULL;
}

const char *temporary_path(const struct temporary *temporary)
{
    if (temporary->given_path != NULL)
        return temporary->given_path;
    return temporary->removal != NULL ? removal_name(temporary->removal) : NULL;
}

void temporary_give_away(struct temporary *temporary, char *path)
{
    if (temporary->removal != NULL) {
        removal_disarm(temporary->removal);
        removal_release(temporary->removal);
        temporary->removal = NULL;
    }
    free(temporary->given_path);
    temporary->given_path = path;
}

void temporary_remove_name(struct temporary *temporary)
{
    if (temporary->removal == NULL)
        return;
    removal_arm(temporary->removal);
    removal_release(temporary->removal);
    temporary->removal = NULL;
}

/* A store on DESCRIPTOR and REMOVAL, both its own on success. */
static struct store *create(int descriptor, struct removal *removal, uint64_t size_limit)
{
    struct temporary *temporary = malloc(sizeof *temporary);
    if (temporary == NULL)
        return NULL;
    file_init(&temporary->file, descriptor, size_limit);
    temporary->file.store.operations = &temporary_operations;
    temporary->removal = removal;
    temporary->given_path = NULL;
    return &temporary->file.store;
}

/* ---- With a name ---------------------------------------------------------------------
 */

static struct store *create_named(const struct filelike_options *options)
{
    struct place place;
    if (place_init(&place, options) != 0)
        return NULL;
    struct removal *removal = removal_reserve();
    struct store *store = NULL;
    if (removal != NULL) {
        int descriptor = place_named(&place, options->prefix, options->suffix, removal);
        if (descriptor != -1)
            store = create(descriptor, removal, options->size_limit);
        if (store == NULL) {
            removal_release(removal);
            descriptor_close(descriptor);
        }
    }
    int saved = errno;
    place_finish(&place);
    errno = saved;
    return store;
}

FILE *filelike_named(const char *mode, const struct filelike_options *options)
{
    struct filelike_options checked;
    unsigned bits;
    if (options_check(options, &checked) != 0 || mode_parse(mode, "w+", &bits) != 0)
        return NULL;
    struct store *store = create_named(&checked);
    if (store == NULL)
        return NULL;
    FILE *file = open_file(store, bits, &checked, BUFFER_ON_DISK);
    /* Only now: had the opening failed, the file would have gone. */
    if (file != NULL && (checked.flags & FILELIKE_KEEP))
        removal_disarm(((struct temporary *) store)->removal);
    return file;
}

/* ---- Without a name ------------------------------------------------------------------
 */

static int create_nameless(const struct filelike_options *options, int access)
{
    struct place place;
    if (options->flags & FILELIKE_IN_MEMORY)
        place_init_kernel(&place, options);
    else if (place_init(&place, options) != 0)
        return -1;
    int descriptor = place_nameless(&place, access);
    int saved = errno;
    place_finish(&place);
    errno = saved;
    return descriptor;
}

/* With a limit to watch, the stream is one of ours. */
static FILE *open_watched(unsigned mode, const struct filelike_options *options)
{
    int descriptor = create_nameless(options, O_RDWR);
    if (descriptor == -1)
        return NULL;
    struct store *store = create(descriptor, NULL, options->size_limit);
    if (store == NULL)
        descriptor_close(descriptor);
    return open_file(store, mode, options, BUFFER_ON_DISK);
}

/* DESCRIPTOR becomes the stream's, or is closed. */
static FILE *open_descriptor(
    int descriptor, unsigned mode, const struct filelike_options *options)
{
    size_t size = options->buffer_size != 0 ? options->buffer_size : BUFFER_ON_DISK;
    FILE *file = fdopen(descriptor, mode_text(mode));
    if (file == NULL) {
        descriptor_close(descriptor);
        return NULL;
    }
    if (cookie_give_buffer(file, size) == 0)
        return file;
    cookie_discard(file);
    return NULL;
}

static FILE *open_native(unsigned mode, const struct filelike_options *options)
{
    /* "r" needs O_RDWR too: the kernel makes no file without a name just to read it. */
    bool only_writes = (mode & MODE_READ) == 0;
    int descriptor = create_nameless(options, only_writes ? O_WRONLY : O_RDWR);
    if (descriptor == -1)
        return NULL;
    FILE *file = open_descriptor(descriptor, mode, options);
    if (file == NULL)
        return NULL;
    descriptor_set_note(
        descriptor, options->permissions != 0 ? NOTE_PERMISSIONS : NOTE_TEMPORARY);
    if (options->flags & FILELIKE_UNLOCKED)
        cookie_stop_locking(file);
    return file;
}

FILE *filelike_temporary(const char *mode, const struct filelike_options *options)
{
    struct filelike_options checked;
    unsigned bits;
    if (options_check(options, &checked) != 0 || mode_parse(mode, "w+", &bits) != 0)
        return NULL;
    return checked.size_limit != 0 ? open_watched(bits, &checked)
                                   : open_native(bits, &checked);
}
