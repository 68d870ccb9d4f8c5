#include <config.h>

#include "backing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- In and out of an operation ------------------------------------------------------
 */

static void enter(struct backing *backing)
{
    if (atomic_exchange(&backing->busy, 1) > 0 || backing->calls[BACKING_CLOSE] > 0)
        atomic_store(&backing->overlapped, true);
}

static void leave(struct backing *backing)
{
    atomic_store(&backing->busy, 0);
}

ssize_t (*backing_meets)(enum backing_operation operation, size_t size);

/* Asks backing_meets. True if OPERATION is to fail; else *SIZE becomes the number of
 * bytes to move. */
static bool meets_failure(enum backing_operation operation, size_t *size, int64_t *result)
{
    if (backing_meets == NULL)
        return false;
    ssize_t moved = backing_meets(operation, *size);
    *result = -1;
    *size = moved != -1 ? (size_t) moved : 0;
    return moved == -1;
}

/* True if OPERATION is not to do its work. *RESULT and errno are then those to return. */
static bool fails(struct backing *backing, enum backing_operation operation, size_t *size,
    int64_t *result)
{
    struct backing_fault *fault = &backing->faults[operation];
    backing->calls[operation]++;
    if (fault->times == 0)
        return meets_failure(operation, size, result);
    if (fault->after > 0) {
        fault->after--;
        return false;
    }
    fault->times--;
    *result = fault->result;
    errno = fault->error;
    return true;
}

/* How much of SIZE bytes is moved. */
static size_t some(struct backing *backing, size_t size)
{
    if (backing->random == 0 || size == 0)
        return size;
    backing->random = backing->random * 1103515245u + 12345u;
    unsigned drawn = backing->random >> 16;
    return drawn % 4 == 0 ? size : drawn % size + 1;
}

static void note_order(struct backing *backing, int64_t position, size_t count)
{
    if (position != backing->next)
        backing->out_of_order = true;
    backing->next = position + (int64_t) count;
}

/* ---- The work ------------------------------------------------------------------------
 */

/* Another thread may fork in the middle, so the bytes are not freed before they are
 * replaced. */
static int make_room(struct backing *backing, size_t needed)
{
    if (needed > backing->most) {
        errno = ENOSPC;
        return -1;
    }
    if (needed <= backing->room)
        return 0;
    size_t room = needed + needed / 2;
    char *old = backing->bytes;
    char *bytes = malloc(room);
    if (bytes == NULL)
        return -1;
    if (backing->size > 0)
        memcpy(bytes, old, backing->size);
    backing->bytes = bytes;
    atomic_signal_fence(memory_order_seq_cst);
    free(old);
    backing->room = room;
    return 0;
}

static ssize_t read_bytes(
    struct backing *backing, void *buffer, size_t size, int64_t position)
{
    if (position >= (int64_t) backing->size)
        return 0;
    size_t left = backing->size - (size_t) position;
    size_t count = some(backing, size < left ? size : left);
    memcpy(buffer, backing->bytes + position, count);
    note_order(backing, position, count);
    return (ssize_t) count;
}

/* The library has to fill gaps itself. One that it leaves shows, as '!'. */
static ssize_t write_bytes(
    struct backing *backing, const void *data, size_t size, int64_t position)
{
    size_t count = some(backing, size);
    size_t end = (size_t) position + count;
    if (make_room(backing, end) != 0)
        return -1;
    if ((size_t) position > backing->size)
        memset(backing->bytes + backing->size, '!', (size_t) position - backing->size);
    memmove(backing->bytes + position, data, count);
    if (end > backing->size)
        backing->size = end;
    note_order(backing, position, count);
    return (ssize_t) count;
}

static int cut(struct backing *backing, int64_t size)
{
    if ((uint64_t) size > backing->size) {
        if (make_room(backing, (size_t) size) != 0)
            return -1;
        memset(backing->bytes + backing->size, 0, (size_t) size - backing->size);
    }
    backing->size = (size_t) size;
    return 0;
}

/* ---- Operations ----------------------------------------------------------------------
 */

static ssize_t backing_read(void *context, void *buffer, size_t size, int64_t position)
{
    struct backing *backing = context;
    int64_t result;
    enter(backing);
    if (!fails(backing, BACKING_READ, &size, &result))
        result = read_bytes(backing, buffer, size, position);
    leave(backing);
    return (ssize_t) result;
}

static ssize_t backing_write(
    void *context, const void *data, size_t size, int64_t position)
{
    struct backing *backing = context;
    int64_t result;
    enter(backing);
    if (!fails(backing, BACKING_WRITE, &size, &result))
        result = write_bytes(backing, data, size, position);
    leave(backing);
    return (ssize_t) result;
}

static int64_t backing_size(void *context)
{
    struct backing *backing = context;
    size_t none = 0;
    int64_t result;
    enter(backing);
    if (!fails(backing, BACKING_SIZE, &none, &result))
        result = (int64_t) backing->size;
    leave(backing);
    return result;
}

static int backing_truncate(void *context, int64_t size)
{
    struct backing *backing = context;
    size_t none = 0;
    int64_t result;
    enter(backing);
    if (!fails(backing, BACKING_TRUNCATE, &none, &result))
        result = cut(backing, size);
    leave(backing);
    return (int) result;
}

static int backing_close(void *context, int lost)
{
    struct backing *backing = context;
    size_t none = 0;
    int64_t result;
    enter(backing);
    backing->lost = lost;
    if (!fails(backing, BACKING_CLOSE, &none, &result))
        result = 0;
    leave(backing);
    if (backing->own) {
        backing_finish(backing);
        free(backing);
    }
    return (int) result;
}

const struct filelike_operations backing_operations = {
    .read = backing_read,
    .write = backing_write,
    .size = backing_size,
    .truncate = backing_truncate,
    .close = backing_close,
};

const struct filelike_operations backing_in_order = {
    .read = backing_read,
    .write = backing_write,
    .close = backing_close,
};

/* ---- Beginning and end ---------------------------------------------------------------
 */

static int begin(struct backing *backing, unsigned seed, const void *data, size_t size)
{
    *backing = (struct backing){.random = seed, .most = BACKING_MOST};
    if (make_room(backing, size + 1) != 0)
        return -1;
    memcpy(backing->bytes, data, size);
    backing->size = size;
    return 0;
}

void backing_init(struct backing *backing, unsigned seed, const void *data, size_t size)
{
    if (begin(backing, seed, data, size) != 0)
        abort();
}

void backing_finish(struct backing *backing)
{
    free(backing->bytes);
}

struct backing *backing_create(unsigned seed, const void *data, size_t size)
{
    struct backing *backing = malloc(sizeof *backing);
    if (backing == NULL)
        return NULL;
    if (begin(backing, seed, data, size) != 0) {
        free(backing);
        return NULL;
    }
    backing->own = true;
    return backing;
}

void backing_fail(struct backing *backing, enum backing_operation operation,
    unsigned after, unsigned times, int64_t result, int error)
{
    backing->faults[operation] = (struct backing_fault){
        .after = after, .times = times, .result = result, .error = error};
}
