/* What becomes of a stream's file when the stream is closed. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "stdio/any_stream.h"
#include "stdio/access.h"

#include <errno.h>

static int keep(const struct access *access)
{
    if (store_keep(access->store) != 0)
        return -1;
    access->stream->discarded = false;
    return 0;
}

int filelike_keep(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int status = keep(&access);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}

static int discard(const struct access *access)
{
    struct stream *stream = access->stream;
    if (stream == NULL)
        return call_fail(ENOTSUP);
    /* What an atomic stream would publish is given up by its close action, not by its
     * store. */
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
    /* Whether what is pending can be stored does not matter any more. */
    (void) any_stream_flush(file);
    store_lock(access.store);
    int status = discard(&access);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}
