#include <config.h>

#include "store/backend.h"

#include "base/call.h"
#include "base/mode.h"

#include <errno.h>

/* ---- Beginning ------------------------------------------------------------------- */

int backend_check_mode(const struct filelike_operations *operations, unsigned mode)
{
    bool sequential = operations->size == NULL;
    bool reads = (mode & MODE_READ) != 0;
    bool writes = (mode & MODE_WRITE) != 0;
    bool truncates = (mode & MODE_TRUNCATE) != 0 && !sequential;
    bool lacks = (reads && operations->read == NULL) ||
                 (writes && operations->write == NULL) ||
                 (truncates && operations->truncate == NULL);
    if (!lacks && !(sequential && reads && writes))
        return 0;
    return call_fail(EINVAL);
}

void backend_init(struct backend *backend, const struct store_operations *kind,
    void *context, const struct filelike_operations *operations, uint64_t size_limit)
{
    *backend = (struct backend){.context = context, .operations = *operations};
    store_init(&backend->store, kind, size_limit);
    backend->store.reaches_cancellation_points = false; /* see expect_anything */
}

void backend_take_context(struct store *store)
{
    ((struct backend *) store)->owns_context = true;
}

/* ---- Results --------------------------------------------------------------------- */

/* Checks the RESULT of an operation that returns 0 to HIGHEST, or -1 with errno. */
static int64_t check_result(int64_t result, int64_t highest)
{
    if (result >= 0 && result <= highest)
        return result;
    if (result != -1 || errno <= 0)
        errno = EIO;
    return -1;
}

/* ---- Operations ------------------------------------------------------------------ */

/* An operation may start threads and reach cancellation points. The holder of the lock
 * prepares for both only here, because many calls come to no operation. */
static void expect_anything(const struct backend *backend)
{
    struct store *store = backend->store.owner;
    lock_expect_threads(&store->lock);
    store_hold_cancellation(store);
}

/* Calls an operation again while it is interrupted. errno is set to 0 before each call,
 * so that a failure which sets no errno is noticed. */
#define RETRY_OPERATION(call) RETRY((errno = 0, (call)))

ssize_t backend_read(
    const struct backend *backend, void *buffer, size_t size, int64_t position)
{
    expect_anything(backend);
    ssize_t count = RETRY_OPERATION(
        backend->operations.read(backend->context, buffer, size, position));
    return (ssize_t) check_result(count, (int64_t) size);
}

/* Returns how many of the SIZE bytes the operation took, at least one; or -1. */
static ssize_t write_some(
    const struct backend *backend, const void *data, size_t size, int64_t position)
{
    expect_anything(backend);
    ssize_t count = RETRY_OPERATION(
        backend->operations.write(backend->context, data, size, position));
    if (count == 0)
        errno = EIO;
    return count == 0 ? -1 : (ssize_t) check_result(count, (int64_t) size);
}

int backend_write(const struct backend *backend, const void *data, size_t size,
    int64_t position, size_t *taken)
{
    const char *bytes = data;
    *taken = 0;
    while (*taken < size) {
        ssize_t count = write_some(
            backend, bytes + *taken, size - *taken, position + (int64_t) *taken);
        if (count == -1)
            return -1;
        *taken += (size_t) count;
    }
    return 0;
}

int64_t backend_size(const struct backend *backend)
{
    expect_anything(backend);
    int64_t size = RETRY_OPERATION(backend->operations.size(backend->context));
    return check_result(size, INT64_MAX);
}

int backend_truncate(const struct backend *backend, int64_t size)
{
    if (backend->operations.truncate == NULL)
        return call_fail(ENOTSUP);
    expect_anything(backend);
    int status = RETRY_OPERATION(backend->operations.truncate(backend->context, size));
    return (int) check_result(status, 0);
}

/* ---- The end --------------------------------------------------------------------- */

int backend_discard(struct store *store)
{
    ((struct backend *) store)->discarded = true;
    return 0;
}

/* The operation is called once, also if it fails, as it may have freed the context. */
static int close_context(const struct backend *backend, int lost)
{
    if (backend->operations.close == NULL)
        return 0;
    struct call call = call_begin();
    errno = 0;
    int status = backend->operations.close(backend->context, lost);
    if (status == -1 && errno == EINTR)
        errno = EIO;
    return call_end(&call, (int) check_result(status, 0));
}

/* The errno of a lost write is reported rather than that of close. */
int backend_close(const struct backend *backend)
{
    int lost = backend->store.lost_write;
    if (!backend->owns_context)
        return 0;
    if (backend->discarded) {
        (void) close_context(backend, ECANCELED);
        return 0;
    }
    int status = close_context(backend, lost);
    return lost == 0 ? status : call_fail(lost);
}
