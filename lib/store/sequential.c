#include <config.h>

#include "store/sequential.h"

#include "base/call.h"
#include "base/mode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sequential {
    struct backend backend; /* must be first */
    int64_t position;       /* how many bytes were read or written */
    size_t most;            /* how many are read at once */
    size_t kept;            /* how many of the last ones are kept */
    char bytes[];           /* those; nothing where the store is written */
};

enum { ROOM = SEQUENTIAL_BACK + SEQUENTIAL_AHEAD };

static struct sequential *sequential_of(struct store *store)
{
    return (struct sequential *) store;
}

/* ---- Reading ------------------------------------------------------------------------
 */

/* Leaves room for SIZE bytes behind those that are kept. */
static void make_room_behind(struct sequential *sequential, size_t size)
{
    if (size <= ROOM - sequential->kept)
        return;
    size_t given_up = sequential->kept - SEQUENTIAL_BACK;
    memmove(sequential->bytes, sequential->bytes + given_up, SEQUENTIAL_BACK);
    sequential->kept = SEQUENTIAL_BACK;
}

static ssize_t read_next(struct sequential *sequential, void *buffer, size_t size)
{
    if (size > sequential->most)
        size = sequential->most;
    make_room_behind(sequential, size);
    char *behind = sequential->bytes + sequential->kept;
    ssize_t count =
        backend_read(&sequential->backend, behind, size, sequential->position);
    if (count <= 0)
        return count;
    memcpy(buffer, behind, (size_t) count);
    sequential->position += count;
    sequential->kept += (size_t) count;
    return count;
}

static ssize_t sequential_read(
    struct store *store, void *buffer, size_t size, int64_t position)
{
    struct sequential *sequential = sequential_of(store);
    if (position == sequential->position)
        return read_next(sequential, buffer, size);
    int64_t back = sequential->position - position;
    if (back < 0 || back > (int64_t) sequential->kept) {
        errno = ESPIPE;
        return -1;
    }
    size_t count = size < (size_t) back ? size : (size_t) back;
    memcpy(buffer, sequential->bytes + sequential->kept - back, count);
    return (ssize_t) count;
}

/* ---- Writing ------------------------------------------------------------------------
 */

/* The position is the store's own: of a write that failed the first bytes may have been
 * taken. */
static int sequential_append(
    struct store *store, const void *data, size_t size, int64_t *end)
{
    struct sequential *sequential = sequential_of(store);
    size_t taken;
    int status =
        backend_write(&sequential->backend, data, size, sequential->position, &taken);
    sequential->position += (int64_t) taken;
    *end = sequential->position;
    return status;
}

static int sequential_write(
    struct store *store, const void *data, size_t size, int64_t position)
{
    return sequential_append(store, data, size, &position);
}

/* ---- Beginning and end --------------------------------------------------------------
 */

/* Where bytes come once, there is nothing to share. */
static int sequential_check_mode(const struct store *store, unsigned mode)
{
    (void) store;
    (void) mode;
    errno = ENOTSUP;
    return -1;
}

static int sequential_destroy(struct store *store)
{
    struct sequential *sequential = sequential_of(store);
    int status = backend_close(&sequential->backend);
    call_free(sequential);
    return status;
}

static const struct store_operations sequential_operations = {
    .read = sequential_read,
    .write = sequential_write,
    .append = sequential_append,
    .check_mode = sequential_check_mode,
    .discard = backend_discard,
    .destroy = sequential_destroy,
};

struct store *sequential_create(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options)
{
    size_t wanted = options->buffer_size;
    size_t room = (mode & MODE_READ) != 0 ? ROOM : 0;
    struct sequential *sequential = malloc(sizeof *sequential + room);
    if (sequential == NULL)
        return NULL;
    backend_init(&sequential->backend, &sequential_operations, context, operations,
        options->size_limit);
    sequential->position = 0;
    sequential->most =
        wanted != 0 && wanted < SEQUENTIAL_AHEAD ? wanted : SEQUENTIAL_AHEAD;
    sequential->kept = 0;
    return &sequential->backend.store;
}
