/* Streams on operations that the caller defines. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "stdio/any_stream.h"
#include "stdio/open.h"
#include "store/custom.h"
#include "store/sequential.h"

#include <errno.h>

static bool has_reserved(const struct filelike_operations *operations)
{
    size_t count = sizeof operations->reserved / sizeof *operations->reserved;
    for (size_t i = 0; i < count; i++) {
        if (operations->reserved[i] != NULL)
            return true;
    }
    return false;
}

static int check_operations(const struct filelike_operations *operations)
{
    if (operations != NULL && !has_reserved(operations))
        return 0;
    return call_fail(EINVAL);
}

/* ---- Opening --------------------------------------------------------------------- */

/* Takes over the reference to STORE, which may be NULL, also if it fails. */
static struct stream *open_or_release(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer)
{
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, default_buffer);
    if (stream == NULL)
        KEEPING_ERRNO((void) store_release(store));
    return stream;
}

static struct stream *open_positioned(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options)
{
    struct store *store = custom_create(context, operations, options->size_limit);
    return open_or_release(store, mode, options, BUFFER_OF_CALLER);
}

/* Without positions every write goes to the end, so append mode means nothing. */
static struct stream *open_sequential(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options)
{
    unsigned direction = mode & (MODE_READ | MODE_WRITE);
    struct store *store = sequential_create(context, operations, direction, options);
    return open_or_release(store, direction, options, BUFFER_ON_DISK);
}

/* Empties the context if the mode truncates, and then takes it over. If that fails, the
 * context stays the caller's. The size is asked for after that. */
static int take_over_context(struct stream *stream)
{
    bool truncates = (stream->mode & MODE_TRUNCATE) != 0;
    bool starts_at_end = (stream->mode & MODE_APPEND) && !(stream->mode & MODE_READ);
    store_lock(stream->store);
    int status = truncates ? store_truncate(stream->store, 0) : 0;
    if (status == 0)
        backend_take_context(stream->store);
    store_unlock(stream->store);
    if (status == 0 && starts_at_end)
        (void) stream_seek(stream, 0, SEEK_END);
    return status;
}

static FILE *open_custom(void *context, const struct filelike_operations *operations,
    const char *mode, const struct filelike_options *options)
{
    unsigned bits;
    if (options_check(&options) != 0 || mode_parse(mode, "", &bits) != 0 ||
        check_operations(operations) != 0 || backend_check_mode(operations, bits) != 0)
        return NULL;
    struct stream *stream = operations->size != NULL
                                ? open_positioned(context, operations, bits, options)
                                : open_sequential(context, operations, bits, options);
    if (stream == NULL || take_over_context(stream) == 0)
        return stream != NULL ? stream->file : NULL;
    any_stream_abandon(stream->file);
    return NULL;
}

FILE *filelike_custom(void *context, const struct filelike_operations *operations,
    const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin_without_hold();
    return call_end_pointer(&call, open_custom(context, operations, mode, options));
}
