#include <config.h>

#include "store/handle.h"

#include "base/call.h"
#include "base/mode.h"
#include "files/descriptor.h"
#include "store/sequential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool handle_appends(const struct handle *handle)
{
    return (handle->mode & MODE_APPEND) != 0;
}

static bool is_first_handle(const struct handle *handle)
{
    return handle->store->first_handle == handle;
}

/* ---- Beginning and end ----------------------------------------------------------- */

/* Returns the position at which MODE begins, or -1. Without a size there is only one
 * position to begin at: a sequential store itself counts the bytes. */
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
    int descriptor = store->descriptor;
    if (handle_init(handle, store, mode) != 0)
        return -1;
    if (descriptor != -1 && handle_prepare_descriptor(handle, descriptor) != 0)
        return -1;
    handle->descriptor = descriptor;
    store->first_handle = handle;
    return 0;
}

int handle_finish(struct handle *handle)
{
    handle_release_view(handle);
    if (is_first_handle(handle))
        handle->store->first_handle = NULL;
    else if (handle->descriptor != -1)
        return descriptor_close_checked(handle->descriptor);
    return 0;
}

/* ---- Getting a descriptor -------------------------------------------------------- */

int handle_prepare_descriptor(const struct handle *first, int descriptor)
{
    if (first == NULL)
        return 0;
    if (lseek(descriptor, first->position, SEEK_SET) == -1) {
        /* Moves may be made for a write. A write past the last position is EFBIG. */
        if (errno == EINVAL)
            errno = EFBIG;
        return -1;
    }
    return handle_appends(first) ? fcntl(descriptor, F_SETFL, O_APPEND) : 0;
}

void handle_set_descriptor(struct handle *handle, int descriptor)
{
    if (handle == NULL)
        return;
    handle->descriptor = descriptor;
    if (handle->descriptor_changed != NULL)
        handle->descriptor_changed(handle);
}

/* Opens the store's file again, so that the handle has an offset of its own. */
static int open_own_descriptor(struct handle *handle)
{
    int shared = handle->store->descriptor;
    if (shared == -1)
        return call_fail(ENOTSUP);
    int flags = mode_access(handle->mode) | (handle_appends(handle) ? O_APPEND : 0);
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

void handle_stop_using_descriptor(struct handle *handle)
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
    if (handle->descriptor == -1 && open_own_descriptor(handle) != 0)
        return -1;
    return handle->descriptor;
}

/* ---- Reading and writing --------------------------------------------------------- */

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

/* A sequential store keeps what it has taken of a write that failed. */
static int fail_in_write(struct handle *handle)
{
    if (store_is_sequential(handle->store))
        handle->position = sequential_position(handle->store);
    return -1;
}

static int write_at_position(struct handle *handle, const void *data, size_t size)
{
    if (handle_appends(handle))
        return store_append(handle->store, data, size, &handle->position);
    if (store_write(handle->store, data, size, handle->position) != 0)
        return fail_in_write(handle);
    handle->position += (int64_t) size;
    return 0;
}

/* Undoes a write that began at BEGIN and failed after WRITTEN bytes. Cuts the file to
 * OLD_SIZE, unless somebody else has written behind. Sets the offset to OFFSET again,
 * unless somebody else has moved it. */
static void undo_partial_write(
    int descriptor, int64_t begin, size_t written, int64_t old_size, int64_t offset)
{
    int64_t end = begin + (int64_t) written;
    descriptor_take_back(descriptor, end, old_size);
    if (lseek(descriptor, 0, SEEK_CUR) == end)
        (void) lseek(descriptor, offset, SEEK_SET);
}

/* An append begins at the end, wherever that is. */
static int64_t size_for_undo(const struct handle *handle, int64_t offset, size_t size)
{
    return handle_appends(handle) ? descriptor_size(handle->descriptor)
                                  : store_size_for_undo(handle->store, offset, size);
}

static int write_at_offset(struct handle *handle, const void *data, size_t size)
{
    int descriptor = handle->descriptor;
    int64_t offset = handle_tell(handle);
    if (offset == -1)
        return -1;
    int64_t old_size = size_for_undo(handle, offset, size);
    if (old_size == -1)
        return -1;
    int64_t begin = handle_appends(handle) ? old_size : offset;
    size_t written;
    if (store_check_limit(handle->store, begin, size) != 0)
        return -1;
    if (descriptor_write(descriptor, data, size, &written) == 0)
        return 0;
    if (written > 0)
        KEEPING_ERRNO(undo_partial_write(descriptor, begin, written, old_size, offset));
    return -1;
}

/* A write at a position through a descriptor with O_APPEND needs RWF_NOAPPEND. An older
 * kernel lacks that (ENOTSUP), and the handle opens a descriptor of its own then. */
static int write_once(struct handle *handle, const void *data, size_t size)
{
    if (handle->descriptor != -1)
        return write_at_offset(handle, data, size);
    if (write_at_position(handle, data, size) == 0)
        return 0;
    if (errno != ENOTSUP || open_own_descriptor(handle) != 0)
        return -1;
    return write_at_offset(handle, data, size);
}

/* A program may give fwrite a view of the same bytes, and fwrite may make several writes
 * of it. Nothing tells when fwrite has returned but the next other use of the stream. */
static void begin_write_after_view(struct handle *handle)
{
    struct store *store = handle->store;
    if (store->view_writer != NULL)
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
        begin_write_after_view(handle);
    if (write_once(handle, data, size) == 0)
        return 0;
    if (store_spill(handle->store) != 0)
        return -1;
    return write_once(handle, data, size);
}

/* ---- Positions ------------------------------------------------------------------- */

int64_t handle_tell(const struct handle *handle)
{
    return handle->descriptor != -1 ? lseek(handle->descriptor, 0, SEEK_CUR)
                                    : handle->position;
}

/* Returns the position that WHENCE counts from, or -1. */
static int64_t seek_base(const struct handle *handle, int whence)
{
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return handle->position;
    case SEEK_END:
        /* A sequential store ends where it has got to. */
        return store_is_sequential(handle->store) ? handle->position
                                                  : store_size(handle->store);
    default:
        return call_fail(EINVAL);
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
    if (offset > INT64_MAX - base || base + offset < 0)
        return call_fail(EINVAL);
    handle->position = base + offset;
    return handle->position;
}
