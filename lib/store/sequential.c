#include <config.h>

#include "store/sequential.h"

#include "base/call.h"
#include "base/mode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sequential {
    struct backend backend; /* must be first */
    int64_t position;       /* bytes read or written so far */
    size_t read_limit;      /* bytes that one call reads at most */
    size_t kept;            /* bytes kept of those read last */
    char bytes[];           /* the kept ones; there is no room if the store is written */
};

enum { KEPT_ROOM = SEQUENTIAL_BACK + SEQUENTIAL_AHEAD };

static struct sequential *sequential_of(struct store *store)
{
    return (struct sequential *) store;
}

/* ---- Reading --------------------------------------------------------------------- */

/* Drops the oldest kept bytes where SIZE more would not fit behind. */
static void make_kept_room(struct sequential *sequential, size_t size)
{
    if (size <= KEPT_ROOM - sequential->kept)
        return;
    size_t dropped = sequential->kept - SEQUENTIAL_BACK;
    memmove(sequential->bytes, sequential->bytes + dropped, SEQUENTIAL_BACK);
    sequential->kept = SEQUENTIAL_BACK;
}

static ssize_t read_next(struct sequential *sequential, void *buffer, size_t size)
{
    if (size > sequential->read_limit)
        size = sequential->read_limit;
    make_kept_room(sequential, size);
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
    size_t distance = (size_t) (sequential->position - position);
    size_t count = size < distance ? size : distance;
    memcpy(buffer, sequential->bytes + sequential->kept - distance, count);
    return (ssize_t) count;
}

bool sequential_reaches(struct store *store, int64_t position)
{
    const struct sequential *sequential = sequential_of(store);
    return position >= sequential->position - (int64_t) sequential->kept;
}

/* ---- Writing --------------------------------------------------------------------- */

static int sequential_write(
    struct store *store, const void *data, size_t size, int64_t position)
{
    struct sequential *sequential = sequential_of(store);
    size_t taken;
    int status = backend_write(&sequential->backend, data, size, position, &taken);
    sequential->position += (int64_t) taken;
    return status;
}

int64_t sequential_position(struct store *store)
{
    return sequential_of(store)->position;
}

/* ---- Beginning and end ----------------------------------------------------------- */

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
    .discard = backend_discard,
    .destroy = sequential_destroy,
};

struct store *sequential_create(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options)
{
    size_t wanted = options->buffer_size;
    size_t room = (mode & MODE_READ) != 0 ? KEPT_ROOM : 0;
    struct sequential *sequential = malloc(sizeof *sequential + room);
    if (sequential == NULL)
        return NULL;
    backend_init(&sequential->backend, &sequential_operations, context, operations,
        options->size_limit);
    sequential->position = 0;
    sequential->read_limit =
        wanted != 0 && wanted < SEQUENTIAL_AHEAD ? wanted : SEQUENTIAL_AHEAD;
    sequential->kept = 0;
    return &sequential->backend.store;
}
