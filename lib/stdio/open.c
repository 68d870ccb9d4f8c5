#include <config.h>

#include "stdio/open.h"

#include "base/call.h"
#include "base/mode.h"
#include "files/descriptor.h"
#include "stdio/any_stream.h"
#include "stdio/cookie.h"
#include "stdio/libc.h"
#include "stdio/native.h"
#include "stdio/registry.h"

#include <unistd.h>

struct buffer_sizes {
    size_t first;
    size_t large; /* 0: the first buffer stays */
};

/* A stream that starts empty may stay small. */
static size_t smaller_buffer(size_t size)
{
    return size == BUFFER_ON_DISK ? BUFFER_OF_NEW_FILE : BUFFER_AT_FIRST;
}

static struct buffer_sizes choose_buffer_sizes(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    size_t wanted = options->buffer_size != 0 ? options->buffer_size : default_buffer;
    if (store_is_sequential(store) && (mode & MODE_READ) != 0)
        return (struct buffer_sizes){.first = cookie_sequential_buffer_size(wanted)};
    if (options->buffer_size != 0 || !libc_replaces_buffers())
        return (struct buffer_sizes){.first = wanted};
    bool in_memory = store_can_move(store);
    size_t usual = in_memory ? (size_t) BUFFER_IN_MEMORY : wanted;
    return (struct buffer_sizes){
        .first = (mode & MODE_TRUNCATE) != 0 ? smaller_buffer(usual) : usual,
        .large = in_memory ? (size_t) BUFFER_ON_DISK : wanted,
    };
}

/* INIT is handle_init or handle_init_first. */
static struct stream *create_stream(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer,
    int (*init)(struct handle *, struct store *, unsigned))
{
    store_lock(store);
    struct buffer_sizes sizes = choose_buffer_sizes(store, mode, options, default_buffer);
    struct stream *stream =
        stream_create(store, mode, init, sizes.first, libc_buffer_room(sizes.first));
    store_unlock(store);
    if (stream == NULL)
        return NULL;
    stream->large_buffer_size = sizes.large;
    stream->requested_buffer_size = options->buffer_size;
    stream->permissions = options->permissions;
    return stream;
}

static struct stream *open_with(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer,
    int (*init)(struct handle *, struct store *, unsigned))
{
    struct stream *stream = create_stream(store, mode, options, default_buffer, init);
    if (stream == NULL)
        return NULL;
    if (cookie_open(stream, options->flags) != 0) {
        KEEPING_ERRNO(stream_abandon(stream));
        return NULL;
    }
    registry_add(stream);
    return stream;
}

struct stream *open_stream(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    return open_with(store, mode, options, default_buffer, handle_init_first);
}

FILE *open_file(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, default_buffer);
    if (stream != NULL)
        return stream->file;
    KEEPING_ERRNO((void) store_release(store));
    return NULL;
}

static int truncate_all(struct store *store)
{
    store_lock(store);
    int status = store_truncate(store, 0);
    store_unlock(store);
    return status;
}

struct stream *open_another(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    struct stream *stream = open_with(store, mode, options, default_buffer, handle_init);
    if (stream == NULL) {
        KEEPING_ERRNO((void) store_release(store));
        return NULL;
    }
    if ((mode & MODE_TRUNCATE) == 0 || truncate_all(store) == 0)
        return stream;
    any_stream_abandon(stream->file);
    return NULL;
}

/* ---- Native streams -------------------------------------------------------------- */

static int set_up_native(
    FILE *file, const struct filelike_options *options, size_t default_buffer)
{
    size_t size = options->buffer_size != 0 ? options->buffer_size : default_buffer;
    if ((size != 0 && libc_give_buffer(file, size) != 0) ||
        native_record_permissions(file, options->permissions) != 0)
        return -1;
    if (options->flags & FILELIKE_UNLOCKED)
        any_stream_stop_locking(file);
    return 0;
}

/* musl's fdopen does not seek to the end in append modes, so ftell would be 0. */
static int seek_to_end(int descriptor, unsigned mode)
{
    bool starts_at_end = (mode & MODE_APPEND) != 0 && (mode & MODE_READ) == 0;
    return starts_at_end && lseek(descriptor, 0, SEEK_END) == -1 ? -1 : 0;
}

FILE *open_native(int descriptor, unsigned mode, const struct filelike_options *options,
    size_t default_buffer)
{
    FILE *file = NULL;
    if (seek_to_end(descriptor, mode) == 0)
        file = fdopen(descriptor, mode_text(mode));
    if (file == NULL) {
        descriptor_close(descriptor);
        return NULL;
    }
    if (set_up_native(file, options, default_buffer) == 0)
        return file;
    any_stream_abandon(file);
    return NULL;
}
