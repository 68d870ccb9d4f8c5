/* What becomes of a stream's file when the stream is closed. */
#include <config.h>

#include "filelike.h"

#include "cookie.h"
#include "temporary.h"
#include "use.h"

#include <errno.h>

static int refuse(void)
{
    errno = ENOTSUP;
    return -1;
}

/* A file that has been given away stays anyhow. */
static int keep(const struct use *use)
{
    const struct temporary *temporary = temporary_of(use->store);
    if (temporary == NULL || temporary_path(temporary) == NULL)
        return refuse();
    if (temporary->removal != NULL)
        removal_disarm(temporary->removal);
    use->stream->discarded = false;
    return 0;
}

int filelike_keep(FILE *file)
{
    struct use use;
    if (use_begin_bytes(&use, file) != 0)
        return -1;
    int status = keep(&use);
    use_end_bytes(&use);
    return status;
}

static int discard(const struct use *use)
{
    const struct temporary *temporary = temporary_of(use->store);
    bool named = temporary != NULL && temporary->removal != NULL;
    if (use->stream == NULL || (!named && use->stream->ending == NULL))
        return refuse();
    if (named)
        removal_arm(temporary->removal);
    use->stream->discarded = true;
    return 0;
}

int filelike_discard(FILE *file)
{
    struct use use;
    if (use_begin(&use, file) != 0)
        return -1;
    /* Whether what is pending can be stored does not matter any more. */
    int saved = errno;
    (void) cookie_flush(file);
    errno = saved;
    store_lock(use.store);
    int status = discard(&use);
    use_end_bytes(&use);
    return status;
}
