/* What becomes of a stream's file when the stream is closed. */
#include <config.h>

#include "filelike.h"

#include "cookie.h"
#include "temporary.h"
#include "use.h"

#include <errno.h>

/* The removal of a named stream's file that has not been given away, or NULL. */
static struct removal *removal_of(const struct use *use)
{
    const struct temporary *temporary = temporary_of(use->store);
    return temporary != NULL ? temporary->removal : NULL;
}

static int refuse(void)
{
    errno = ENOTSUP;
    return -1;
}

int filelike_keep(FILE *file)
{
    struct use use;
    if (use_begin_bytes(&use, file) != 0)
        return -1;
    struct removal *removal = removal_of(&use);
    if (removal != NULL)
        removal_disarm(removal);
    use_end_bytes(&use);
    return removal != NULL ? 0 : refuse();
}

static int discard(struct use *use)
{
    struct removal *removal = removal_of(use);
    bool atomic = use->stream != NULL && use->stream->ending != NULL;
    if (removal == NULL && !atomic)
        return refuse();
    if (removal != NULL)
        removal_arm(removal);
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
