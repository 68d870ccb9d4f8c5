/* Streams that start in memory. */
#include <config.h>

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "stdio/open.h"
#include "store/spooled.h"

#include <errno.h>

static int check_arguments(const char *mode, const char *default_mode,
    const struct filelike_options **options, unsigned *bits)
{
    if (options_check(options) != 0)
        return -1;
    return mode_parse(mode, default_mode, bits);
}

FILE *filelike_memory(const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin_without_hold();
    unsigned bits;
    FILE *file = NULL;
    if (check_arguments(mode, "w+", &options, &bits) == 0)
        file = open_file(spooled_create_memory(options), bits, options, BUFFER_IN_MEMORY);
    return call_end_pointer(&call, file);
}

/* ---- Bytes that exist ------------------------------------------------------------ */

static int check_bytes(
    const void *data, size_t size, unsigned mode, const struct filelike_options *options)
{
    if (data == NULL && size != 0)
        return call_fail(EINVAL);
    bool kept = (mode & MODE_TRUNCATE) == 0;
    bool too_large = options->size_limit != 0 && size > options->size_limit;
    if (size > PTRDIFF_MAX || (kept && too_large))
        return call_fail(EFBIG);
    return 0;
}

static int start_with(struct store *store, const void *data, size_t size, unsigned mode)
{
    if (mode & MODE_TRUNCATE)
        return 0;
    if ((mode & MODE_WRITE) == 0) {
        block_borrow(spooled_block(store), data, size);
        return 0;
    }
    return size == 0 ? 0 : memory_write(store, data, size, 0);
}

static struct store *store_on_bytes(
    const void *data, size_t size, unsigned mode, const struct filelike_options *options)
{
    struct store *store = spooled_create_memory(options);
    if (store == NULL || start_with(store, data, size, mode) == 0)
        return store;
    KEEPING_ERRNO((void) store_release(store));
    return NULL;
}

FILE *filelike_bytes(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    struct call call = call_begin_without_hold();
    unsigned bits;
    FILE *file = NULL;
    if (check_arguments(mode, "r+", &options, &bits) == 0 &&
        check_bytes(data, size, bits, options) == 0)
        file = open_file(
            store_on_bytes(data, size, bits, options), bits, options, BUFFER_IN_MEMORY);
    return call_end_pointer(&call, file);
}

/* A store on DATA. block_release gives DATA back to the caller. */
static struct store *store_on_adopted(
    void *data, size_t size, const struct filelike_options *options)
{
    struct store *store = spooled_create_memory(options);
    if (store == NULL || block_adopt(spooled_block(store), data, size) == 0)
        return store;
    KEEPING_ERRNO((void) store_release(store));
    return NULL;
}

static void abandon(struct store *store)
{
    (void) block_release(spooled_block(store));
    (void) store_release(store);
}

static FILE *open_adopted(
    void *data, size_t size, unsigned mode, const struct filelike_options *options)
{
    bool kept = (mode & MODE_TRUNCATE) == 0;
    struct store *store = store_on_adopted(data, kept ? size : 0, options);
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, BUFFER_IN_MEMORY);
    if (stream == NULL) {
        KEEPING_ERRNO(abandon(store));
        return NULL;
    }
    if (!kept)
        block_clear(spooled_block(store));
    return stream->file;
}

FILE *filelike_adopt(
    void *data, size_t size, const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin_without_hold();
    unsigned bits;
    FILE *file = NULL;
    if (check_arguments(mode, "r+", &options, &bits) == 0 &&
        check_bytes(data, size, bits, options) == 0)
        file = open_adopted(data, size, bits, options);
    return call_end_pointer(&call, file);
}
