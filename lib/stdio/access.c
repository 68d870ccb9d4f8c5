#include <config.h>

#include "stdio/access.h"

#include "base/mode.h"
#include "stdio/cookie.h"

#include <errno.h>

/* ---- Taking hold ---------------------------------------------------------------------
 */

void access_end(struct access *access)
{
    cookie_unlock(access->file, access->locking);
}

static int give_up(struct access *access)
{
    access_end(access);
    return call_end(&access->call, -1);
}

int access_begin(struct access *access, FILE *file)
{
    *access =
        (struct access){.file = file, .stream = cookie_find(file), .call = call_begin()};
    access->locking = cookie_lock(file);
    if (access->stream != NULL) {
        access->store = access->stream->store;
        return 0;
    }
    access->native = native_find(file);
    if (access->native != NULL) {
        access->store = &access->native->file.store;
        return 0;
    }
    return give_up(access);
}

static int lock_bytes(struct access *access, int (*settle)(FILE *))
{
    if (settle(access->file) != 0)
        return give_up(access);
    store_lock(access->store);
    if (access->stream != NULL)
        handle_end_writing(&access->stream->handle);
    return 0;
}

int access_begin_bytes(struct access *access, FILE *file)
{
    return access_begin(access, file) != 0 ? -1 : lock_bytes(access, cookie_flush);
}

int access_begin_position(struct access *access, FILE *file)
{
    return access_begin(access, file) != 0 ? -1 : lock_bytes(access, cookie_synchronize);
}

static bool is_writable(const struct access *access)
{
    return access->stream != NULL ? (access->stream->mode & MODE_WRITE) != 0
                                  : cookie_writable(access->file);
}

static bool has_size(const struct access *access)
{
    store_lock(access->store);
    int64_t size = store_size(access->store);
    store_unlock(access->store);
    return size != -1 || errno != ENOTSUP;
}

/* What cannot be changed at all says so first, whatever the mode. */
static int check_change(const struct access *access)
{
    bool can_change = store_can_truncate(access->store);
    if (can_change && is_writable(access))
        return 0;
    errno = can_change && has_size(access) ? EBADF : ENOTSUP;
    return -1;
}

int access_begin_change(struct access *access, FILE *file)
{
    if (access_begin(access, file) != 0)
        return -1;
    if (access_check_owner(access) == 0 && check_change(access) == 0)
        return lock_bytes(access, cookie_synchronize);
    return give_up(access);
}

int access_check_owner(const struct access *access)
{
    if (access->stream == NULL || !stream_is_parents(access->stream))
        return 0;
    errno = ECHILD;
    return -1;
}

mode_t access_permissions(const struct access *access)
{
    return access->stream != NULL ? access->stream->permissions : 0;
}

int access_lost_write(const struct access *access)
{
    if (access->stream != NULL)
        return access->stream->lost_write;
    if (access->native->lost_write != 0)
        return access->native->lost_write;
    return ferror(access->file) ? EIO : 0;
}

void access_lose_write(struct access *access, int error)
{
    if (access->stream != NULL)
        stream_lose_write(access->stream, error);
    else
        native_lose_write(access->native, error);
}

void access_end_bytes(struct access *access)
{
    store_unlock(access->store);
    access_end(access);
}
