/* Putting the bytes of any stream at a path. */
#include <config.h>

#include "filelike.h"

#include "base/options.h"
#include "files/descriptor.h"
#include "files/replacement.h"
#include "stdio/access.h"
#include "store/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is to be done, and for whom. */
struct persisting {
    struct store *store;
    struct target target;
    unsigned flags;
    mode_t permissions;
};

/* ---- A copy --------------------------------------------------------------------------
 */

/* A file for the target, all but put there, with the bytes of the store. */
static int make_copy(struct persisting *it, struct replacement *copy)
{
    if (replacement_init(copy, &it->target, it->permissions) != 0)
        return -1;
    if (store_copy_to(it->store, copy->descriptor) == 0 &&
        replacement_complete(copy, it->flags, it->permissions) == 0)
        return 0;
    replacement_finish(copy);
    return -1;
}

static int give_snapshot(struct persisting *it)
{
    struct replacement copy;
    if (make_copy(it, &copy) != 0)
        return -1;
    int status = replacement_put(&copy, it->flags);
    replacement_finish(&copy);
    return status;
}

/* ---- A copy that the stream goes on with ---------------------------------------------
 */

/* A descriptor for the file of COPY, if need be COPY itself, that can be used in place of
 * OLD: the same access, the same position. */
static int like(int old, int copy)
{
    int flags = fcntl(old, F_GETFL);
    off_t position = lseek(old, 0, SEEK_CUR);
    if (flags == -1 || position == -1)
        return -1;
    int again = descriptor_open_again(copy, flags & O_ACCMODE);
    if (again == -1)
        again = copy;
    if (lseek(again, position, SEEK_SET) != -1 &&
        fcntl(again, F_SETFL, flags & O_APPEND) != -1)
        return again;
    if (again != copy)
        descriptor_close(again);
    return -1;
}

static int go_on_with(struct file *file, int copy)
{
    int again = like(file->descriptor, copy);
    int status = again == -1 ? -1 : file_replace(file, again);
    if (again != copy)
        descriptor_close(again);
    return status;
}

/* Lets FILE go on with the copy and puts that in place; in this order, as a descriptor
 * can be set back, but not a path that has been replaced. */
static int exchange(struct persisting *it, struct file *file, struct replacement *copy)
{
    int old = descriptor_duplicate(file->descriptor);
    if (old == -1)
        return -1;
    int status = go_on_with(file, copy->descriptor);
    if (status == 0 && replacement_put(copy, it->flags) != 0) {
        int saved = errno;
        (void) file_replace(file, old);
        errno = saved;
        status = -1;
    }
    descriptor_close(old);
    return status;
}

static int move_by_copy(struct persisting *it, struct file *file)
{
    struct replacement copy;
    if (make_copy(it, &copy) != 0)
        return -1;
    int status = exchange(it, file, &copy);
    replacement_finish(&copy);
    return status;
}

/* ---- The file itself -----------------------------------------------------------------
 */

static void restore(int descriptor, const struct stat *old)
{
    int saved = errno;
    (void) RETRY(fchown(descriptor, old->st_uid, old->st_gid));
    (void) RETRY(fchmod(descriptor, old->st_mode & 07777));
    errno = saved;
}

/* Readies the file of DESCRIPTOR and lets PUT, unless that is NULL, put it in place; as
 * before on failure. */
static int put_in_place(struct persisting *it, int descriptor, const char *name,
    int (*put)(struct persisting *, int descriptor, const char *name))
{
    struct stat old;
    if (RETRY(fstat(descriptor, &old)) != 0)
        return -1;
    if (replacement_prepare(descriptor, &it->target, it->flags, it->permissions) == 0 &&
        (put == NULL || put(it, descriptor, name) == 0))
        return 0;
    restore(descriptor, &old);
    return -1;
}

static bool is_target(const struct persisting *it, const struct file *file)
{
    return it->target.exists && file_is(file, &it->target.status);
}

/* A file that has been given away is copied; but a copy in its own place would leave the
 * stream to go on writing to a file that nobody can find. */
static int give_again(struct persisting *it, const struct file *file)
{
    if (is_target(it, file))
        return put_in_place(it, file->descriptor, NULL, NULL);
    return give_snapshot(it);
}

static int put_by_link(struct persisting *it, int descriptor, const char *name)
{
    (void) name;
    return replacement_link(descriptor, &it->target, it->flags);
}

/* A file that has taken the name meanwhile is not ours to move. */
static int put_by_rename(struct persisting *it, int descriptor, const char *name)
{
    struct stat named;
    struct stat own;
    if (RETRY(lstat(name, &named)) != 0 || RETRY(fstat(descriptor, &own)) != 0)
        return -1;
    if (!descriptor_same_file(&named, &own)) {
        errno = ENOENT;
        return -1;
    }
    if (replacement_rename(AT_FDCWD, name, &it->target, it->flags) != 0)
        return -1;
    /* Where the target was a link to the file already, that did nothing (POSIX). */
    if (it->target.exists && descriptor_same_file(&own, &it->target.status) &&
        target_is_elsewhere(&it->target, name))
        (void) RETRY(unlink(name));
    return 0;
}

/* ---- From a temporary or named stream of ours ----------------------------------------
 */

/* Where the file cannot be moved there, its bytes go, and the stream goes on with them.
 */
static int move_temporary(struct persisting *it, struct temporary *temporary)
{
    if (move_by_copy(it, &temporary->file) != 0)
        return -1;
    temporary_remove_name(temporary);
    return 0;
}

static int give_temporary(struct persisting *it, struct temporary *temporary)
{
    char *path = strdup(it->target.path);
    if (path == NULL)
        return -1;
    const char *name = temporary_path(temporary);
    int status = put_in_place(
        it, temporary->file.descriptor, name, name != NULL ? put_by_rename : put_by_link);
    if (status != 0 && errno != EEXIST)
        status = move_temporary(it, temporary);
    if (status != 0) {
        int saved = errno;
        free(path);
        errno = saved;
        return -1;
    }
    temporary_give_away(temporary, path);
    return 0;
}

/* ---- From a stream of the C library's ------------------------------------------------
 */

/* *GOES_ON: the stream does, on the file that is at the target now. With a copy only one
 * that filelike_temporary opened does. */
static int put_native(struct persisting *it, struct native *native, bool *goes_on)
{
    struct file *file = &native->file;
    *goes_on = true;
    if (is_target(it, file))
        return put_in_place(it, file->descriptor, NULL, NULL);
    if (put_in_place(it, file->descriptor, NULL, put_by_link) == 0)
        return 0;
    if (errno == EEXIST)
        return -1;
    *goes_on = native_is_temporary(native);
    return *goes_on ? move_by_copy(it, file) : give_snapshot(it);
}

static int give_native(struct persisting *it, struct native *native)
{
    bool goes_on;
    if (native_is_given_away(native))
        return give_again(it, &native->file);
    int in_memory = store_in_memory(it->store);
    if (in_memory != 0)
        return in_memory == 1 ? give_snapshot(it) : -1;
    char *path = strdup(it->target.path);
    if (path == NULL)
        return -1;
    int status = put_native(it, native, &goes_on);
    if (status == 0 && goes_on) {
        native_give_away(native, path);
        return 0;
    }
    int saved = errno;
    free(path);
    errno = saved;
    return status;
}

/* ---- From any stream -----------------------------------------------------------------
 */

static int give(struct access *access, struct persisting *it)
{
    if (access->native != NULL)
        return give_native(it, access->native);
    struct temporary *temporary = temporary_of(it->store);
    if (temporary == NULL)
        return give_snapshot(it);
    if (temporary->given_path != NULL)
        return give_again(it, &temporary->file);
    int in_memory = store_in_memory(it->store);
    if (in_memory == -1)
        return -1;
    return in_memory ? give_snapshot(it) : give_temporary(it, temporary);
}

/* 0 where no write was lost. Of a native stream, only stdio's indicator tells. */
static int check_complete(const struct access *access)
{
    int lost = access->native == NULL ? access->stream->lost_write
               : ferror(access->file) ? EIO
                                      : 0;
    if (lost == 0)
        return 0;
    errno = lost;
    return -1;
}

static int persist(struct access *access, const char *path, unsigned flags)
{
    struct persisting it = {.store = access->store, .flags = flags};
    if (check_complete(access) != 0 || access_permissions(access, &it.permissions) != 0 ||
        target_init(&it.target, path, flags) != 0)
        return -1;
    int status = give(access, &it);
    if (status == 0 && (flags & FILELIKE_NOSYNC) == 0)
        status = target_sync(&it.target);
    target_finish(&it.target);
    return status;
}

int filelike_persist(FILE *file, const char *path, unsigned flags)
{
    struct access access;
    if (options_check_flags(flags) != 0 || access_begin_bytes(&access, file) != 0)
        return -1;
    int status = persist(&access, path, flags);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}
