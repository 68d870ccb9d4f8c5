/* Streams on a block of fixed size that the caller provides. */
#include <config.h>

#include "store/fixed.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "filelike.h"
#include "stdio/open.h"

static int check_sizes(const void *block, size_t capacity, size_t size,
    const struct filelike_options *options)
{
    if (size > capacity || (block == NULL && capacity != 0))
        return call_fail(EINVAL);
    bool limited = options->size_limit != 0;
    if (size > PTRDIFF_MAX || (limited && size > options->size_limit))
        return call_fail(EFBIG);
    return 0;
}

static FILE *open_fixed(void *block, size_t capacity, size_t size, const char *mode,
    const struct filelike_options *options)
{
    unsigned bits;
    if (options_check(&options) != 0 || mode_parse(mode, "r+", &bits) != 0 ||
        check_sizes(block, capacity, size, options) != 0)
        return NULL;
    size_t kept = (bits & MODE_TRUNCATE) == 0 ? size : 0;
    return open_file(fixed_create(block, capacity, kept, options->size_limit), bits,
        options, BUFFER_OF_CALLER);
}

FILE *filelike_fixed(void *block, size_t capacity, size_t size, const char *mode,
    const struct filelike_options *options)
{
    struct call call = call_begin_without_hold();
    return call_end_pointer(&call, open_fixed(block, capacity, size, mode, options));
}
