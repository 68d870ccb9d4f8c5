#include <config.h>

#include "store/handle.h"

#include "base/mode.h"
#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool appends(const struct handle *handle)
{
    return (handle->mode & MODE_APPEND) != 0;
}

static bool is_first(const struct handle *handle)
{
    return handle->store->first == handle;
}

/* ---- Beginning and end --------------------------------------------------------------
 */

/* Where MODE begins, or -1. The end of what has no size is found when it is written to.
 */
static int64_t starting_position(struct store *store, unsigned mode)
{
    if ((mode & MODE_APPEND) == 0 || (mode & MODE_READ) != 0)
        return 0;
    int64_t size = store_size(store);
    return size == -1 && errno == ENOTSUP ? 0 : size;
}

int handle_init(struct handle *handle, struct store *store, unsigned mode)
{
    int64_t position = starting_position(store, mode);
    *handle = (struct handle){
        .store = store, .descriptor = -1, .position = position, .mode = mode};
    return position != -1 ? 0 : -1;
}

int handle_init_first(struct handle *handle, struct store *store, unsigned mode)
{
    int descriptor = store_descriptor(store);
    if (handle_init(handle, store, mode) != 0)
        return -1;
    if (descriptor != -1 && handle_prepare_descriptor(handle, descriptor) != 0)
        return -1;
    handle->descriptor = descriptor;
    store->first = handle;
    return 0;
}

int handle_finish(struct handle *handle)
{
    handle_release_view(handle);
    if (is_first(handle))
        handle->store->first = NULL;
    else if (handle->descriptor != -1)
        return descriptor_close_checked(handle->descriptor);
    return 0;
}

/* ---- Getting a descriptor -----------------------------------------------------------
 */

int handle_prepare_descriptor(const struct handle *first, int descriptor)
{
    if (first == NULL)
        return 0;
    if (lseek(descriptor, first->position, SEEK_SET) == -1) {
        /* As a write there would say, which the move may be for. */
        if (errno == EINVAL)
            errno = EFBIG;
        return -1;
    }
    return appends(first) ? fcntl(descriptor, F_SETFL, O_APPEND) : 0;
}

void handle_set_descriptor(struct handle *first, int descriptor)
{
    if (first == NULL)
        return;
    first->descriptor = descriptor;
    if (first->descriptor_changed != NULL)
        first->descriptor_changed(first);
}

/* Gives the handle an open file description of its own, for the file of the store's. */
static int separate(struct handle *handle)
{
    int shared = store_descriptor(handle->store);
    if (shared == -1) {
        errno = ENOTSUP;
        return -1;
    }
    int flags = mode_access(handle->mode) | (appends(handle) ? O_APPEND : 0);
    int own = descriptor_open_again(shared, flags);
    if (own == -1)
        return -1;
    if (lseek(own, handle->position, SEEK_SET) == -1) {
        descriptor_close(own);
        return -1;
    }
    handle_set_descriptor(handle, own);
    return 0;
}

void handle_leave_descriptor(struct handle *handle)
{
    if (handle->descriptor == -1)
        return;
    int64_t offset = handle_tell(handle);
    handle->position = offset != -1 ? offset : 0;
    (void) handle_finish(handle);
    handle->descriptor = -1;
}

int handle_obtain_descriptor(struct handle *handle)
{
    if (store_obtain_descriptor(handle->store) != 0)
        return -1;
    if (handle->descriptor == -1 && separate(handle) != 0)
        return -1;
    return handle->descriptor;
}

/* ---- Reading and writing ------------------------------------------------------------
 */

ssize_t handle_read(struct handle *handle, void *buffer, size_t size)
{
    handle_release_view(handle);
    if (handle->descriptor != -1)
        return descriptor_read(handle->descriptor, buffer, size);
    ssize_t count = store_read(handle->store, buffer, size, handle->position);
    if (count > 0)
        handle->position += count;
    return count;
}

static int write_at_position(struct handle *handle, const void *data, size_t size)
{
    if (appends(handle))
        return store_append(handle->store, data, size, &handle->position);
    if (store_write(handle->store, data, size, handle->position) != 0)
        return -1;
    handle->position += (int64_t) size;
    return 0;
}

/* After the first WRITTEN bytes of a write from BEGIN on: takes back what lies past the
 * old end, OLD_SIZE, where it is still the end; and lets the offset be OFFSET again,
 * where nobody else has moved it. */
static void undo_partial_write(
    int descriptor, int64_t begin, size_t written, int64_t old_size, int64_t offset)
{
    int64_t end = begin + (int64_t) written;
    if (end > old_size && descriptor_size(descriptor) == end)
        (void) descriptor_truncate(descriptor, old_size);
    if (lseek(descriptor, 0, SEEK_CUR) == end)
        (void) lseek(descriptor, offset, SEEK_SET);
}

static int write_at_offset(struct handle *handle, const void *data, size_t size)
{
    int descriptor = handle->descriptor;
    int64_t offset = handle_tell(handle);
    int64_t old_size = offset == -1 ? -1 : descriptor_size(descriptor);
    if (old_size == -1)
        return -1;
    int64_t begin = appends(handle) ? old_size : offset;
    size_t written;
    if (store_check_limit(handle->store, begin, size) != 0)
        return -1;
    if (descriptor_write(descriptor, data, size, &written) == 0)
        return 0;
    if (written > 0)
        KEEPING_ERRNO(undo_partial_write(descriptor, begin, written, old_size, offset));
    return -1;
}

/* A description that appends takes no write at a position where the kernel does not know
 * how: the handle needs one of its own then. */
static int write_somehow(struct handle *handle, const void *data, size_t size)
{
    if (handle->descriptor != -1)
        return write_at_offset(handle, data, size);
    if (write_at_position(handle, data, size) == 0)
        return 0;
    if (errno != ENOTSUP || separate(handle) != 0)
        return -1;
    return write_at_offset(handle, data, size);
}

/* What fwrite is given may be a view of the bytes that it is added to, and fwrite makes
 * several writes of it. Only another use of the stream tells that it has returned. */
static void begin_writing(struct handle *handle)
{
    struct store *store = handle->store;
    if (store->view_writer != NULL && store->view_writer != handle)
        handle_release_view(store->view_writer);
    store->view_writer = handle;
    store->viewed = false;
    store_retain_view(store);
}

void handle_release_view(struct handle *handle)
{
    struct store *store = handle->store;
    if (store->view_writer != handle)
        return;
    store->view_writer = NULL;
    store_release_view(store);
}

int handle_write(struct handle *handle, const void *data, size_t size)
{
    if (handle->store->viewed)
        begin_writing(handle);
    if (write_somehow(handle, data, size) == 0)
        return 0;
    if (store_spill(handle->store) != 0)
        return -1;
    return write_somehow(handle, data, size);
}

/* ---- Positions ----------------------------------------------------------------------
 */

int64_t handle_tell(const struct handle *handle)
{
    return handle->descriptor != -1 ? lseek(handle->descriptor, 0, SEEK_CUR)
                                    : handle->position;
}

/* Where WHENCE counts from, or -1. */
static int64_t seek_base(const struct handle *handle, int whence)
{
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return handle->position;
    case SEEK_END:
        /* What comes in order ends where it has come to. */
        return store_is_sequential(handle->store) ? handle->position
                                                  : store_size(handle->store);
    default:
        errno = EINVAL;
        return -1;
    }
}

int64_t handle_seek(struct handle *handle, int64_t offset, int whence)
{
    handle_release_view(handle);
    if (handle->descriptor != -1)
        return lseek(handle->descriptor, offset, whence);
    int64_t base = seek_base(handle, whence);
    if (base == -1)
        return -1;
    if (offset > INT64_MAX - base) {
        errno = EOVERFLOW;
        return -1;
    }
    if (base + offset < 0) {
        errno = EINVAL;
        return -1;
    }
    handle->position = base + offset;
    return handle->position;
}
