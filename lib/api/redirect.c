/* The output of a stream's descriptor, redirected to another stream for a while. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/lock.h"
#include "files/descriptor.h"
#include "stdio/any_stream.h"
#include "stdio/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

/* The list changes by one pointer, so that a forked child finds it whole. The links are
 * atomic, so that the compiler keeps the order in which they are set. */
typedef _Atomic(struct redirection *) redirection_link;

struct redirection {
    redirection_link earlier; /* the one before, of any stream */
    FILE *from;
    int descriptor; /* of FROM */
    int saved;      /* a duplicate of the old descriptor */
};

static struct lock redirections_lock = LOCK_INITIALIZER;
static redirection_link latest;

/* ---- Descriptors ----------------------------------------------------------------- */

/* Makes DESCRIPTOR stand for the file of SOURCE. Close-on-exec stays as it is. */
static int replace_descriptor(int descriptor, int source)
{
    int flags = fcntl(descriptor, F_GETFD);
    bool closes = flags != -1 && (flags & FD_CLOEXEC) != 0;
    int status;
    /* EBUSY: another thread is just opening a file. */
    do
        status = RETRY(dup3(source, descriptor, closes ? O_CLOEXEC : 0));
    while (status == -1 && errno == EBUSY);
    return status == -1 ? -1 : 0;
}

/* FROM is locked, as this takes several calls. Writes out what is pending and gives up
 * what was read ahead, so that stdio forgets the position in the old file. ESPIPE: a pipe
 * or a terminal has no positions. */
static int settle_stream(FILE *from)
{
    return any_stream_synchronize(from) == 0 || errno == ESPIPE ? 0 : -1;
}

static int lock_and_settle(FILE *from)
{
    bool locking = any_stream_lock(from);
    int status = settle_stream(from);
    any_stream_unlock(from, locking);
    return status;
}

/* ---- Redirecting ----------------------------------------------------------------- */

static int check_streams(FILE *from, FILE *to)
{
    if (from == to)
        return call_fail(EINVAL);
    if (registry_find(from) != NULL || fileno(from) == -1)
        return call_fail(ENOTSUP);
    if (!any_stream_is_writable(from) || !any_stream_is_writable(to))
        return call_fail(EBADF);
    const struct stream *stream = registry_find(to);
    if (stream != NULL && stream_belongs_to_parent(stream))
        return call_fail(ECHILD);
    return 0;
}

static void remember_redirection(struct redirection *redirection)
{
    lock_acquire(&redirections_lock);
    redirection->earlier = latest;
    latest = redirection;
    lock_release(&redirections_lock);
}

/* FROM is locked. */
static int send_elsewhere(FILE *from, int target)
{
    struct redirection *redirection = malloc(sizeof *redirection);
    if (redirection == NULL)
        return -1;
    int descriptor = fileno(from);
    int saved = descriptor_duplicate(descriptor);
    if (saved != -1 && settle_stream(from) == 0 &&
        replace_descriptor(descriptor, target) == 0) {
        *redirection =
            (struct redirection){.from = from, .descriptor = descriptor, .saved = saved};
        remember_redirection(redirection);
        return 0;
    }
    descriptor_close(saved);
    call_free(redirection);
    return -1;
}

/* FROM is flushed first: if that fails, nothing has changed. Each stream is locked by
 * itself, because two locks at a time could deadlock. */
static int redirect_stream(FILE *from, FILE *to)
{
    if (check_streams(from, to) != 0 || lock_and_settle(from) != 0)
        return -1;
    int target = filelike_fileno(to);
    if (target == -1)
        return -1;
    bool locking = any_stream_lock(from);
    int status = send_elsewhere(from, target);
    any_stream_unlock(from, locking);
    return status;
}

int filelike_redirect(FILE *from, FILE *to)
{
    struct call call = call_begin();
    return call_end(&call, redirect_stream(from, to));
}

/* ---- Restoring ------------------------------------------------------------------- */

static struct redirection *find_latest(FILE *from)
{
    lock_acquire(&redirections_lock);
    struct redirection *found = latest;
    while (found != NULL && found->from != from)
        found = found->earlier;
    lock_release(&redirections_lock);
    return found;
}

static void forget_redirection(struct redirection *forgotten)
{
    lock_acquire(&redirections_lock);
    redirection_link *link = &latest;
    while (*link != forgotten)
        link = &(*link)->earlier;
    *link = forgotten->earlier;
    lock_release(&redirections_lock);
    descriptor_close(forgotten->saved);
    free(forgotten);
}

/* FROM is locked. The old file comes back even if the flush fails. Only that is told:
 * nothing else of settling loses bytes, and it fails if the program has closed the
 * descriptor. */
static int restore_latest(FILE *from)
{
    struct redirection *redirection = find_latest(from);
    if (redirection == NULL)
        return call_fail(EINVAL);
    int failure = any_stream_flush(from) == 0 ? 0 : errno;
    if (failure == 0)
        (void) settle_stream(from);
    if (replace_descriptor(redirection->descriptor, redirection->saved) != 0)
        return -1;
    forget_redirection(redirection);
    return failure == 0 ? 0 : call_fail(failure);
}

int filelike_restore(FILE *from)
{
    struct call call = call_begin();
    bool locking = any_stream_lock(from);
    int status = restore_latest(from);
    any_stream_unlock(from, locking);
    return call_end(&call, status);
}
