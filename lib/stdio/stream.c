#include <config.h>

#include "stdio/stream.h"

#include "base/call.h"
#include "base/process.h"
#include "stdio/libc.h"
#include "stdio/registry.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Opening --------------------------------------------------------------------- */

/* Member by member, as clearing all of it first takes longer. */
static void init_stream(struct stream *stream, struct store *store, unsigned mode)
{
    stream->file = NULL;
    stream->store = store;
    stream->close_action = NULL;
    stream->path = NULL;
    stream->wide_state = NULL;
    stream->mode = mode;
    stream->process = process_number();
    stream->next_buffer_size = 0;
    stream->lost_write = stream->first_error = 0;
    stream->wrote_last = stream->sought_last = false;
    stream->readers_only = stream->discarded = false;
    stream->uses_internals = stream->marks_seeks = false;
}

static void free_stream(struct stream *stream)
{
    free(stream->path);
    stream_set_buffer(stream, NULL, 0);
    free(stream->wide_state);
    free(stream);
}

static bool fits_inside(size_t room)
{
    return room <= BUFFER_AT_FIRST;
}

static int init_buffer(struct stream *stream, size_t size, size_t room)
{
    stream->buffer_size = size;
    stream->buffer = fits_inside(room) ? stream->first_buffer : malloc(room);
    return stream->buffer != NULL ? 0 : -1;
}

void stream_set_buffer(struct stream *stream, char *buffer, size_t size)
{
    if (stream->buffer == stream->first_buffer)
        stream->buffer = NULL;
    call_replace(&stream->buffer, buffer);
    stream->buffer_size = size;
}

struct stream *stream_create(struct store *store, unsigned mode,
    int (*init)(struct handle *, struct store *, unsigned mode), size_t buffer_size,
    size_t buffer_room)
{
    size_t inside = fits_inside(buffer_room) ? buffer_room : 0;
    struct stream *stream = malloc(sizeof *stream + inside);
    if (stream == NULL)
        return NULL;
    init_stream(stream, store, mode);
    if (init_buffer(stream, buffer_size, buffer_room) == 0 &&
        init(&stream->handle, store, mode) == 0)
        return stream;
    KEEPING_ERRNO(free_stream(stream));
    return NULL;
}

void stream_abandon(struct stream *stream)
{
    store_lock(stream->store);
    (void) handle_finish(&stream->handle);
    store_unlock(stream->store);
    free_stream(stream);
}

/* ---- Errors ---------------------------------------------------------------------- */

static void record_first(int *first, int error)
{
    if (*first == 0)
        *first = error;
}

void stream_record_lost_write(struct stream *stream, int error)
{
    record_first(&stream->lost_write, error);
    record_first(&stream->first_error, error);
    record_first(&stream->store->lost_write, error);
}

/* ---- Callbacks ------------------------------------------------------------------- */

bool stream_belongs_to_parent(const struct stream *stream)
{
    return stream->close_action != NULL && stream->process != process_number();
}

/* As libc_size_to_read. A seek of a stdio that reads to get to its position may get as
 * far as the program is, and no further. */
static size_t size_to_read_in_order(const struct stream *stream, size_t size)
{
    if (!libc_seek_is_under_way(stream))
        return size;
    int64_t distance = stream->program_position - handle_tell(&stream->handle);
    return (uint64_t) distance < size ? (size_t) distance : size;
}

/* How many of the SIZE bytes that stdio asks for are read. */
static size_t size_to_read(struct stream *stream, size_t size)
{
    return store_is_sequential(stream->store) ? size_to_read_in_order(stream, size)
                                              : libc_size_to_read(stream, size);
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t size)
{
    store_lock(stream->store);
    if (stream_belongs_to_parent(stream))
        handle_stop_using_descriptor(&stream->handle);
    size_t wanted = size_to_read(stream, size);
    ssize_t count = wanted > 0 ? handle_read(&stream->handle, buffer, wanted) : 0;
    stream->wrote_last = stream->wrote_last && wanted == 0;
    stream->sought_last = false;
    store_unlock(stream->store);
    if (count == -1)
        record_first(&stream->first_error, errno);
    return count;
}

/* SIZE bytes were written. Where there is no descriptor, a buffer that they have not
 * filled is large enough. */
static size_t next_buffer_size(const struct stream *stream, size_t size)
{
    const struct store *store = stream->store;
    bool is_small = size >= stream->buffer_size || store->descriptor != -1;
    size_t next =
        store_can_move(store) ? (size_t) BUFFER_IN_MEMORY : stream->large_buffer_size;
    return is_small && next > stream->buffer_size ? next : 0;
}

int stream_write(struct stream *stream, const void *data, size_t size)
{
    if (stream_belongs_to_parent(stream))
        return 0;
    store_lock(stream->store);
    int status = handle_write(&stream->handle, data, size);
    stream->wrote_last = true;
    stream->sought_last = false;
    if (stream->large_buffer_size != 0)
        stream->next_buffer_size = next_buffer_size(stream, size);
    if (status != 0)
        stream_record_lost_write(stream, errno);
    store_unlock(stream->store);
    /* fclose of a discarded stream is 0, so stdio must not see the failure. */
    return status == 0 || stream->discarded ? 0 : -1;
}

/* When a process ends, stdio seeks back over what it has read ahead. In a child that
 * would move the position of the parent, which shares the offset. */
static bool must_leave_offset(const struct stream *stream)
{
    return process_is_ending_child(stream->process) && stream->handle.descriptor != -1;
}

int64_t stream_seek(struct stream *stream, int64_t offset, int whence)
{
    store_lock(stream->store);
    if (stream_belongs_to_parent(stream) || must_leave_offset(stream))
        handle_stop_using_descriptor(&stream->handle);
    int64_t position = handle_seek(&stream->handle, offset, whence);
    stream->sought_last = true;
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

/* ---- Closing --------------------------------------------------------------------- */

/* After this neither the registry nor the store leads to the stream. Returns 0 or the
 * errno of closing its descriptor. */
static int disconnect_stream(struct stream *stream)
{
    registry_remove(stream);
    store_lock(stream->store);
    int status = handle_finish(&stream->handle);
    store_unlock(stream->store);
    return status == 0 ? 0 : errno;
}

static int run_close_action(
    struct close_action *action, struct stream *stream, int failure)
{
    struct call call = call_begin();
    int result = action->run(action, stream, failure);
    call_finish(&call, true);
    return result;
}

/* Returns the errno that fclose is to report, or 0. The close action decides where there
 * is one: it has synced the file, so a failure of closing the store loses nothing. */
static int release_stream_store(struct stream *stream, int failure)
{
    struct close_action *action = stream->close_action;
    if (stream->lost_write != 0)
        failure = stream->lost_write;
    if (stream->discarded)
        failure = 0;
    if (action != NULL) {
        failure = run_close_action(action, stream, failure);
        (void) store_release(stream->store);
    } else if (store_release(stream->store) != 0 && failure == 0 && !stream->discarded) {
        failure = errno;
    }
    return failure;
}

int stream_close(struct stream *stream)
{
    int failure = release_stream_store(stream, disconnect_stream(stream));
    free_stream(stream);
    return failure == 0 ? 0 : call_fail(failure);
}
