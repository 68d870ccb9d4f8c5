/* Putting the bytes of any stream at a path. */
#include <config.h>

#include "filelike.h"

#include "base/options.h"
#include "files/descriptor.h"
#include "files/move.h"
#include "files/publish.h"
#include "files/replacement.h"
#include "stdio/access.h"
#include "store/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* One call of filelike_persist. */
struct persisting {
    struct access *access;
    const char *path;
    struct target target;
    unsigned flags;
    mode_t permissions;
    bool is_lost; /* the system has lost bytes of the stream's own file */
};

/* ---- A copy ---------------------------------------------------------------------- */

static int put_snapshot(struct persisting *persisting)
{
    struct replacement copy;
    if (replacement_init(
            &copy, &persisting->target, persisting->flags, persisting->permissions) != 0)
        return -1;
    int status = store_copy_to(persisting->access->store, copy.descriptor);
    if (status == 0)
        status = replacement_publish(&copy);
    replacement_finish(&copy);
    return status;
}

/* ---- The file itself ------------------------------------------------------------- */

/* Moves FILE to the target. NAME is the removal of its name, or NULL if it has none. 0;
 * or 1 if only a copy can be put there; or -1 with errno. */
static int move_file(struct persisting *persisting, int file, const struct removal *name)
{
    struct move move = {
        .target = &persisting->target,
        .flags = persisting->flags,
        .permissions = persisting->permissions,
        .descriptor = file,
        .name = name,
    };
    if (move_to_target(&move) == 0)
        return 0;
    persisting->is_lost = move.is_lost;
    return !move.is_lost && errno == EXDEV ? 1 : -1;
}

/* Waits until the bytes of FILE, which is at the target already, are on disk. */
static int sync_own(struct persisting *persisting, int file)
{
    return publish_sync(file, persisting->flags, &persisting->is_lost);
}

/* 1 if FILE is at the target, 0 if it is not, or -1 with errno. */
static int find_in_place(const struct persisting *persisting, int file)
{
    struct stat status;
    if (RETRY(fstat(file, &status)) != 0)
        return -1;
    return target_is_file(&persisting->target, &status);
}

/* ---- From a temporary or named stream of ours ------------------------------------ */

/* For a target that is another link to the file: rename would do nothing (POSIX), so the
 * file's own name is removed. */
static int keep_only_target(
    struct persisting *persisting, int file, const struct removal *name)
{
    sigset_t signals;
    if (sync_own(persisting, file) != 0 ||
        target_begin_publishing(&persisting->target, &signals) != 0)
        return -1;
    int status = RETRY(unlinkat(removal_directory(name), removal_name(name), 0));
    call_release_signals(&signals);
    return status;
}

/* As move_file, for a temporary file, which may be at the target already. *NAME_STAYS:
 * its own name is the target. */
static int move_temporary(
    struct persisting *persisting, int file, const struct removal *name, bool *name_stays)
{
    int in_place = name != NULL ? find_in_place(persisting, file) : 0;
    if (in_place != 1)
        return in_place == 0 ? move_file(persisting, file, name) : -1;
    int is_other = target_is_other_name(
        &persisting->target, removal_directory(name), removal_name(name));
    if (is_other == -1)
        return -1;
    *name_stays = is_other == 0;
    return *name_stays ? sync_own(persisting, file)
                       : keep_only_target(persisting, file, name);
}

/* A file whose name leads elsewhere by now is not moved, but copied. So is one that has
 * got a name through another stream. */
static int give_temporary(struct persisting *persisting, struct temporary *temporary)
{
    int file = temporary->file.store.descriptor;
    const struct removal *name = temporary->removal;
    bool name_stays = false;
    if (!temporary_may_be_given_away(temporary))
        return 1;
    int found = name != NULL ? removal_find(name) : descriptor_is_nameless(file);
    if (found != 1)
        return found == 0 ? 1 : -1;
    int result = move_temporary(persisting, file, name, &name_stays);
    if (result == 0)
        temporary_give_away(temporary,
            target_path(&persisting->target, persisting->path, file), name_stays);
    return result;
}

/* ---- From a stream of the C library's -------------------------------------------- */

/* Copies a file that has a name, because it may belong to somebody else, or was moved
 * before. Copies also the file of a stream that the parent of this process opened. */
static int give_native(struct persisting *persisting, struct native *native)
{
    int file = native->file.store.descriptor;
    if (!native_may_be_given_away(native))
        return 1;
    int result = move_file(persisting, file, NULL);
    if (result == 0)
        native_give_away(
            native, target_path(&persisting->target, persisting->path, file));
    return result;
}

/* ---- From any stream ------------------------------------------------------------- */

/* As move_file. */
static int give_file(struct persisting *persisting)
{
    struct access *access = persisting->access;
    if (access->native != NULL)
        return give_native(persisting, access->native);
    struct temporary *temporary = temporary_of(access->store);
    return temporary != NULL ? give_temporary(persisting, temporary) : 1;
}

/* The stream's own file may be at the target already. A copy would replace it, and the
 * stream would go on writing to a file without a name. */
static int put_in_place(struct persisting *persisting)
{
    int file = persisting->access->store->descriptor;
    int status = give_file(persisting);
    int in_place = status == 1 && file != -1 ? find_in_place(persisting, file) : 0;
    if (in_place == 1)
        status = sync_own(persisting, file);
    if (status == -1 || in_place == -1)
        return -1;
    if (status == 1)
        return put_snapshot(persisting);
    return target_sync(
        &persisting->target, file, persisting->flags, &persisting->is_lost);
}

static int check_complete(const struct access *access)
{
    int lost = access_lost_write(access);
    return lost == 0 ? 0 : call_fail(lost);
}

static int persist(struct access *access, const char *path, unsigned flags)
{
    struct persisting persisting = {
        .access = access,
        .path = path,
        .flags = flags,
        .permissions = access_permissions(access),
    };
    if (access_check_owner(access) != 0 || check_complete(access) != 0 ||
        target_init(&persisting.target, path, flags) != 0)
        return -1;
    int status = put_in_place(&persisting);
    /* Linux reports a lost write only once, so the stream records it. */
    if (persisting.is_lost)
        access_record_lost_write(access, errno);
    target_finish(&persisting.target);
    return status;
}

static int begin_and_persist(FILE *file, const char *path, unsigned flags)
{
    struct access access;
    if (options_check_flags(flags) != 0 || access_begin_bytes(&access, file) != 0)
        return -1;
    int status = persist(&access, path, flags);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}

/* Even bytes in memory go to a file. */
int filelike_persist(FILE *file, const char *path, unsigned flags)
{
    struct call call = call_begin();
    return call_end(&call, begin_and_persist(file, path, flags));
}
