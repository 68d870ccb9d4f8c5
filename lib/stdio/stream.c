#include <config.h>

#include "stdio/stream.h"

#include "base/call.h"
#include "base/process.h"
#include "stdio/registry.h"

#include <errno.h>
#include <stdlib.h>

struct stream *stream_create(struct store *store, unsigned mode,
    int (*init)(struct handle *, struct store *, unsigned mode), size_t buffer_size,
    size_t buffer_room)
{
    if (buffer_room > PTRDIFF_MAX - sizeof(struct stream)) {
        errno = ENOMEM;
        return NULL;
    }
    struct stream *stream = malloc(sizeof *stream + buffer_room);
    if (stream == NULL)
        return NULL;
    *stream = (struct stream){.store = store,
        .mode = mode,
        .process = process_number(),
        .buffer_size = buffer_size};
    store_lock(store);
    int status = init(&stream->handle, store, mode);
    store_unlock(store);
    if (status == 0)
        return stream;
    call_free(stream);
    return NULL;
}

void stream_abandon(struct stream *stream)
{
    store_lock(stream->store);
    (void) handle_finish(&stream->handle);
    store_unlock(stream->store);
    free(stream);
}

static void remember(int *first, int error)
{
    if (*first == 0)
        *first = error;
}

void stream_lose_write(struct stream *stream, int error)
{
    remember(&stream->lost_write, error);
    remember(&stream->first_error, error);
    remember(&stream->store->lost_write, error);
}

bool stream_is_parents(const struct stream *stream)
{
    return stream->ending != NULL && stream->process != process_number();
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t size)
{
    store_lock(stream->store);
    if (stream_is_parents(stream))
        handle_leave_offset(&stream->handle);
    size_t worth = stream->worth_reading(stream, buffer, size);
    ssize_t count = worth > 0 ? handle_read(&stream->handle, buffer, worth) : 0;
    stream->wrote_last = stream->wrote_last && worth == 0;
    stream->sought = false;
    store_unlock(stream->store);
    if (count == -1)
        remember(&stream->first_error, errno);
    return count;
}

int stream_write(struct stream *stream, const void *data, size_t size)
{
    if (stream_is_parents(stream))
        return 0;
    store_lock(stream->store);
    int status = handle_write(&stream->handle, data, size);
    stream->wrote_last = true;
    stream->sought = false;
    stream->has_moved = stream->late_size != 0 && store_descriptor(stream->store) != -1;
    if (status != 0)
        stream_lose_write(stream, errno);
    store_unlock(stream->store);
    /* A lost write that nobody wants to hear of stdio's fclose would tell. */
    return status == 0 || stream->discarded ? 0 : -1;
}

/* At the end of a process stdio seeks back over what it has read ahead. In a child that
 * would move the parent's position, too. */
static bool is_left_alone(const struct stream *stream)
{
    return process_is_ending_child(stream->process) && stream->handle.descriptor != -1;
}

int64_t stream_seek(struct stream *stream, int64_t offset, int whence)
{
    store_lock(stream->store);
    if (stream_is_parents(stream) || is_left_alone(stream))
        handle_leave_offset(&stream->handle);
    int64_t position = handle_seek(&stream->handle, offset, whence);
    stream->sought = true;
    store_unlock(stream->store);
    return position;
}

int64_t stream_tell(struct stream *stream)
{
    store_lock(stream->store);
    int64_t position = handle_tell(&stream->handle);
    store_unlock(stream->store);
    return position;
}

/* From here on neither the registry nor the store leads to the stream. 0, or what closing
 * its descriptor tells. */
static int leave(struct stream *stream)
{
    registry_remove(stream);
    store_lock(stream->store);
    int status = handle_finish(&stream->handle);
    store_unlock(stream->store);
    return status == 0 ? 0 : errno;
}

/* The ending has the last word: what it has put in place and synced cannot be lost by
 * closing a descriptor. */
static int end(struct stream *stream, int failure)
{
    if (stream->lost_write != 0)
        failure = stream->lost_write;
    if (stream->discarded)
        failure = 0;
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
    int failure = end(stream, leave(stream));
    free(stream->path);
    free(stream->late_buffer);
    free(stream->wide_state);
    free(stream);
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}
