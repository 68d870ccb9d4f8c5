#include <config.h>

#include "stdio/stream.h"

#include "base/mode.h"
#include "stdio/registry.h"

#include <errno.h>
#include <stdlib.h>

/* Where a stream begins: "a" at the end, "a+" and all others at 0. */
static int64_t start(struct store *store, unsigned mode)
{
    if ((mode & MODE_APPEND) == 0 || (mode & MODE_READ) != 0)
        return 0;
    store_lock(store);
    int64_t position = store_size(store);
    store_unlock(store);
    return position;
}

struct stream *stream_create(
    struct store *store, unsigned mode, size_t buffer_size, size_t buffer_room)
{
    if (buffer_room > PTRDIFF_MAX - sizeof(struct stream)) {
        errno = ENOMEM;
        return NULL;
    }
    int64_t position = start(store, mode);
    if (position == -1)
        return NULL;
    struct stream *stream = malloc(sizeof *stream + buffer_room);
    if (stream == NULL)
        return NULL;
    *stream = (struct stream){
        .store = store,
        .position = position,
        .mode = mode,
        .buffer_size = buffer_size,
    };
    return stream;
}

static void remember(int *first)
{
    if (*first == 0)
        *first = errno;
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t size)
{
    store_lock(stream->store);
    size = stream->worth_reading(stream, size);
    ssize_t count = store_read(stream->store, buffer, size, stream->position);
    if (count > 0)
        stream->position += count;
    stream->wrote_last = false;
    store_unlock(stream->store);
    if (count == -1)
        remember(&stream->first_error);
    return count;
}

static int write_locked(struct stream *stream, const void *data, size_t size)
{
    if (stream->mode & MODE_APPEND)
        return store_append(stream->store, data, size, &stream->position);
    if (store_write(stream->store, data, size, stream->position) != 0)
        return -1;
    stream->position += (int64_t) size;
    return 0;
}

int stream_write(struct stream *stream, const void *data, size_t size)
{
    store_lock(stream->store);
    int status = write_locked(stream, data, size);
    stream->wrote_last = true;
    store_unlock(stream->store);
    if (status == 0)
        return 0;
    remember(&stream->lost_write);
    remember(&stream->first_error);
    /* Otherwise stdio's fclose would tell of it. */
    return stream->discarded ? 0 : -1;
}

/* Where WHENCE counts from, or -1. */
static int64_t seek_base(struct stream *stream, int whence)
{
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return stream->position;
    case SEEK_END:
        return store_size(stream->store);
    default:
        errno = EINVAL;
        return -1;
    }
}

static int seek_locked(struct stream *stream, int64_t offset, int whence)
{
    int64_t base = seek_base(stream, whence);
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
    stream->position = base + offset;
    return 0;
}

int stream_seek(struct stream *stream, int64_t offset, int whence, int64_t *position)
{
    store_lock(stream->store);
    int status = seek_locked(stream, offset, whence);
    *position = stream->position;
    store_unlock(stream->store);
    return status;
}

/* From here on neither the registry nor the store leads to the stream. */
static void leave(struct stream *stream)
{
    registry_remove(stream);
    store_lock(stream->store);
    if (stream->watch.moved != NULL)
        store_unwatch(stream->store, &stream->watch);
    store_unlock(stream->store);
}

/* The ending has the last word: what it has put in place and synced cannot be lost by
 * closing a descriptor. */
static int end(struct stream *stream)
{
    int failure = stream->discarded ? 0 : stream->lost_write;
    if (stream->ending != NULL) {
        failure = stream->ending->end(stream->ending, stream, failure);
        (void) store_release(stream->store);
    } else if (store_release(stream->store) != 0 && failure == 0 && !stream->discarded) {
        failure = errno;
    }
    return failure;
}

int stream_close(struct stream *stream)
{
    leave(stream);
    int failure = end(stream);
    free(stream->path);
    free(stream->late_buffer);
    free(stream);
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}
