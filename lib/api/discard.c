/* Closing a stream without publishing its bytes or keeping its file. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "stdio/access.h"
#include "stdio/any_stream.h"

#include <errno.h>

static int discard_stream(const struct access *access)
{
    struct stream *stream = access->stream;
    if (stream == NULL)
        return call_fail(ENOTSUP);
    /* The close action of an atomic stream gives up the new file. Its store knows nothing
     * of that. */
    if (access_check_owner(access) != 0 ||
        (stream->close_action == NULL && store_discard(access->store) != 0))
        return -1;
    stream->discarded = true;
    return 0;
}

int filelike_discard(FILE *file)
{
    struct access access;
    if (access_begin(&access, file) != 0)
        return -1;
    /* A write that fails does not matter any more. */
    (void) any_stream_flush(file);
    store_lock(access.store);
    int status = discard_stream(&access);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}
