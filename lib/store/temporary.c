#include <config.h>

#include "store/temporary.h"

#include "base/call.h"
#include "base/process.h"
#include "files/descriptor.h"
#include "files/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- The store ------------------------------------------------------------------- */

static bool file_stays(const struct temporary *temporary)
{
    return temporary->is_given_away ||
           (temporary->removal != NULL && !removal_is_armed(temporary->removal));
}

/* Another thread may fork at any moment, so the members do not lead to what is released.
 */
static void release_name(struct temporary *temporary)
{
    struct removal *removal = temporary->removal;
    struct directory *directory = temporary->directory;
    temporary->removal = NULL;
    temporary->directory = NULL;
    call_keep_order();
    removal_release(removal);
    directory_release(directory);
}

static int temporary_destroy(struct store *store)
{
    struct temporary *temporary = (struct temporary *) store;
    bool stays = file_stays(temporary);
    release_name(temporary);
    free(temporary->given_path);
    int status = file_finish(&temporary->file);
    call_free(temporary);
    return stays ? status : 0;
}

/* A file that has been given away stays in any case, so keeping it succeeds. */
static int temporary_keep(struct store *store)
{
    const struct temporary *temporary = (const struct temporary *) store;
    if (temporary->removal == NULL && !temporary->is_given_away)
        return call_fail(ENOTSUP);
    if (temporary->removal != NULL)
        removal_disarm(temporary->removal);
    return 0;
}

static int temporary_discard(struct store *store)
{
    const struct temporary *temporary = (const struct temporary *) store;
    if (temporary->removal == NULL)
        return call_fail(ENOTSUP);
    removal_arm(temporary->removal);
    return 0;
}

static const struct store_operations temporary_operations = {
    FILE_OPERATIONS,
    .keep = temporary_keep,
    .discard = temporary_discard,
    .destroy = temporary_destroy,
};

struct temporary *temporary_of(struct store *store)
{
    return store->operations == &temporary_operations ? (struct temporary *) store : NULL;
}

void temporary_set_name(
    struct store *store, struct removal *removal, struct directory *directory)
{
    struct temporary *temporary = (struct temporary *) store;
    temporary->removal = removal;
    temporary->directory = directory;
}

/* Removing the old name of a file that was linked to its place may have failed. An armed
 * removal tries it again. */
static void settle_name(struct removal *removal, bool stays)
{
    if (stays)
        removal_disarm(removal);
    else
        removal_arm(removal);
}

void temporary_give_away(struct temporary *temporary, char *path, bool name_stays)
{
    if (temporary->removal != NULL)
        settle_name(temporary->removal, name_stays);
    release_name(temporary);
    temporary->is_given_away = true;
    temporary->given_path = path;
}

bool temporary_may_be_given_away(const struct temporary *temporary)
{
    return !temporary->is_given_away && temporary->maker == process_number();
}

/* ---- Paths ----------------------------------------------------------------------- */

char *temporary_path(const struct temporary *temporary)
{
    int file = temporary->file.store.descriptor;
    const struct directory *directory = temporary->directory;
    if (temporary->given_path != NULL)
        return path_check(strdup(temporary->given_path), file);
    if (temporary->removal == NULL)
        return NULL;
    const char *name = removal_name(temporary->removal);
    if (name[0] == '/')
        return path_check(strdup(name), file);
    char *path = path_check(path_in(directory_path_now(directory), name), file);
    if (path == NULL)
        path = path_check(path_in(directory_path(directory), name), file);
    return path;
}

/* ---- Beginning ------------------------------------------------------------------- */

struct store *temporary_create(int descriptor, uint64_t size_limit)
{
    struct temporary *temporary = descriptor != -1 ? malloc(sizeof *temporary) : NULL;
    if (temporary == NULL) {
        descriptor_close(descriptor);
        return NULL;
    }
    store_init(&temporary->file.store, &temporary_operations, size_limit);
    file_begin(&temporary->file, descriptor);
    temporary->removal = NULL;
    temporary->directory = NULL;
    temporary->maker = process_number();
    temporary->is_given_away = false;
    temporary->given_path = NULL;
    return &temporary->file.store;
}
