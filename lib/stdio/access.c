#include <config.h>

#include "stdio/access.h"

#include "base/mode.h"
#include "stdio/any_stream.h"
#include "stdio/registry.h"

#include <errno.h>

/* ---- Beginning and end ----------------------------------------------------------- */

void access_end(struct access *access)
{
    any_stream_unlock(access->file, access->locking);
}

static int access_fail(struct access *access)
{
    access_end(access);
    return call_end(&access->call, -1);
}

/* fflush of a native stream is a cancellation point. Each callback of one of ours holds
 * cancellation itself, as store_lock does, if its store needs it. */
int access_begin(struct access *access, FILE *file)
{
    struct stream *stream = registry_find(file);
    *access = (struct access){.file = file, .stream = stream};
    access->call = stream != NULL ? call_begin_without_hold() : call_begin();
    access->locking = any_stream_lock(file);
    if (access->stream != NULL) {
        access->store = access->stream->store;
        return 0;
    }
    access->native = native_find(file);
    if (access->native != NULL) {
        access->store = &access->native->file.store;
        return 0;
    }
    return access_fail(access);
}

/* FLUSH is any_stream_flush or any_stream_synchronize. */
static int lock_bytes(struct access *access, int (*flush)(FILE *))
{
    if (flush(access->file) != 0)
        return access_fail(access);
    store_lock(access->store);
    if (access->stream != NULL)
        handle_release_view(&access->stream->handle);
    return 0;
}

int access_begin_bytes(struct access *access, FILE *file)
{
    return access_begin(access, file) != 0 ? -1 : lock_bytes(access, any_stream_flush);
}

int access_begin_descriptor(struct access *access, FILE *file)
{
    if (access_begin_bytes(access, file) != 0)
        return -1;
    bool possible = access->store->descriptor != -1 || store_can_move(access->store);
    store_unlock(access->store);
    if (possible)
        return lock_bytes(access, any_stream_synchronize);
    errno = ENOTSUP;
    return access_fail(access);
}

static bool access_is_writable(const struct access *access)
{
    return access->stream != NULL ? (access->stream->mode & MODE_WRITE) != 0
                                  : any_stream_is_writable(access->file);
}

static bool has_size(const struct access *access)
{
    store_lock(access->store);
    int64_t size = store_size(access->store);
    store_unlock(access->store);
    return size != -1 || errno != ENOTSUP;
}

/* Bytes that cannot be changed at all are ENOTSUP, whatever the mode of the stream. */
static int check_change(const struct access *access)
{
    bool can_change = store_can_truncate(access->store);
    if (can_change && access_is_writable(access))
        return 0;
    return call_fail(can_change && has_size(access) ? EBADF : ENOTSUP);
}

int access_begin_change(struct access *access, FILE *file)
{
    if (access_begin(access, file) != 0)
        return -1;
    if (access_check_owner(access) == 0 && check_change(access) == 0)
        return lock_bytes(access, any_stream_synchronize);
    return access_fail(access);
}

int access_check_owner(const struct access *access)
{
    bool is_parents = access->stream != NULL && stream_belongs_to_parent(access->stream);
    return is_parents ? call_fail(ECHILD) : 0;
}

mode_t access_permissions(const struct access *access)
{
    return access->stream != NULL ? access->stream->permissions
                                  : access->native->permissions;
}

int access_lost_write(const struct access *access)
{
    if (access->stream != NULL)
        return access->stream->lost_write;
    if (access->native->lost_write != 0)
        return access->native->lost_write;
    return ferror(access->file) ? EIO : 0;
}

void access_record_lost_write(struct access *access, int error)
{
    if (access->stream != NULL)
        stream_record_lost_write(access->stream, error);
    else
        native_record_lost_write(access->native, error);
}

void access_end_bytes(struct access *access)
{
    store_unlock(access->store);
    access_end(access);
}
