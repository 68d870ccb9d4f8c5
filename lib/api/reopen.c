/* Another stream on the bytes of a stream. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "stdio/inheritance.h"
#include "stdio/open.h"

static FILE *reopen(FILE *file, const char *mode)
{
    struct inheritance inheritance;
    unsigned bits;
    if (mode_parse(mode, "r+", &bits) != 0 ||
        inheritance_take(&inheritance, file, bits) != 0)
        return NULL;
    struct stream *stream = open_another(
        inheritance.store, bits, &inheritance.options, inheritance.default_buffer);
    if (stream == NULL)
        return NULL;
    stream->readers_only = inheritance.readers_only;
    return stream->file;
}

FILE *filelike_reopen(FILE *file, const char *mode)
{
    struct call call = call_begin();
    return call_end_pointer(&call, reopen(file, mode));
}
