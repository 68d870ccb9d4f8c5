#include <config.h>

#include "store/temporary.h"

#include "base/process.h"

#include <errno.h>
#include <stdlib.h>

/* ---- The store -----------------------------------------------------------------------
 */

static bool file_stays(const struct temporary *temporary)
{
    return temporary->is_given_away ||
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

/* A file that has been given away stays anyhow. */
static int temporary_keep(struct store *store)
{
    const struct temporary *temporary = (const struct temporary *) store;
    if (temporary->removal == NULL && !temporary->is_given_away) {
        errno = ENOTSUP;
        return -1;
    }
    if (temporary->removal != NULL)
        removal_disarm(temporary->removal);
    return 0;
}

static int temporary_discard(struct store *store)
{
    const struct temporary *temporary = (const struct temporary *) store;
    if (temporary->removal == NULL) {
        errno = ENOTSUP;
        return -1;
    }
    removal_arm(temporary->removal);
    return 0;
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
    .keep = temporary_keep,
    .discard = temporary_discard,
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
    temporary->is_given_away = true;
    temporary->given_path = path;
}

bool temporary_may_be_given_away(const struct temporary *temporary)
{
    return !temporary->is_given_away && temporary->maker == process_number();
}

struct store *temporary_create(
    int descriptor, struct removal *removal, uint64_t size_limit)
{
    struct temporary *temporary = malloc(sizeof *temporary);
    if (temporary == NULL)
        return NULL;
    file_init(&temporary->file, descriptor, size_limit);
    temporary->file.store.operations = &temporary_operations;
    temporary->removal = removal;
    temporary->maker = process_number();
    temporary->is_given_away = false;
    temporary->given_path = NULL;
    return &temporary->file.store;
}
