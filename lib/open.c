#include <config.h>

#include "open.h"

#include "cookie.h"
#include "fork.h"
#include "mode.h"
#include "registry.h"

#include <errno.h>
#include <stdlib.h>

static size_t buffer_size(const struct filelike_options *options, size_t default_buffer)
{
    return options->buffer_size != 0 ? options->buffer_size : default_buffer;
}

static void announce(struct stream *stream)
{
    struct store *store = stream->store;
    if (stream->watch.moved == NULL)
        return;
    store_lock(store);
    store_watch(store, &stream->watch);
    int descriptor = store_descriptor(store);
    if (descriptor != -1)
        stream->watch.moved(&stream->watch, descriptor);
    store_unlock(store);
}

struct stream *open_stream(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    if (fork_prepared() != 0)
        return NULL;
    size_t size = buffer_size(options, default_buffer);
    struct stream *stream = stream_create(store, mode, size, cookie_buffer_room(size));
    if (stream == NULL)
        return NULL;
    if (cookie_open(stream, options->flags) != 0) {
        free(stream);
        return NULL;
    }
    stream->permissions = options->permissions;
    announce(stream);
    registry_add(stream);
    return stream;
}

/* As open_stream, but the store's reference is gone also on failure. */
static struct stream *open_or_release(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, default_buffer);
    if (stream == NULL) {
        int saved = errno;
        (void) store_release(store);
        errno = saved;
    }
    return stream;
}

FILE *open_file(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    struct stream *stream = open_or_release(store, mode, options, default_buffer);
    return stream != NULL ? stream->file : NULL;
}

static int truncate_all(struct store *store)
{
    store_lock(store);
    int status = store_truncate(store, 0);
    store_unlock(store);
    return status;
}

struct stream *open_existing(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    struct stream *stream = open_or_release(store, mode, options, default_buffer);
    if (stream == NULL || (mode & MODE_TRUNCATE) == 0 || truncate_all(store) == 0)
        return stream;
    int saved = errno;
    (void) fclose(stream->file);
    errno = saved;
    return NULL;
}
