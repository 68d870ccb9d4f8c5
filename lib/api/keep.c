/* What becomes of a stream's file when the stream is closed. */
#include <config.h>

#include "filelike.h"

#include "stdio/access.h"
#include "stdio/cookie.h"
#include "store/temporary.h"

#include <errno.h>

static int refuse(void)
{
    errno = ENOTSUP;
    return -1;
}

/* A file that has been given away stays anyhow. */
static int keep(const struct access *access)
{
    const struct temporary *temporary = temporary_of(access->store);
    if (temporary == NULL || (temporary->removal == NULL && !temporary->is_given_away))
        return refuse();
    if (temporary->removal != NULL)
        removal_disarm(temporary->removal);
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
    const struct temporary *temporary = temporary_of(access->store);
    bool named = temporary != NULL && temporary->removal != NULL;
    if (access->stream == NULL || (!named && access->stream->ending == NULL))
        return refuse();
    if (named)
        removal_arm(temporary->removal);
    access->stream->discarded = true;
    return 0;
}

int filelike_discard(FILE *file)
{
    struct access access;
    if (access_begin(&access, file) != 0)
        return -1;
    /* Whether what is pending can be stored does not matter any more. */
    (void) cookie_flush(file);
    store_lock(access.store);
    int status = discard(&access);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}
