#include <config.h>

#include "store/fixed.h"

#include "base/call.h"
#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fixed {
    struct store store;
    char *bytes; /* NULL only where the capacity is 0 */
    size_t capacity;
    size_t size;
};

static struct fixed *fixed_of(struct store *store)
{
    return (struct fixed *) store;
}

/* ---- Reading and writing --------------------------------------------------------- */

static int64_t fixed_size(struct store *store)
{
    return (int64_t) fixed_of(store)->size;
}

static ssize_t fixed_read(
    struct store *store, void *buffer, size_t size, int64_t position)
{
    const struct fixed *fixed = fixed_of(store);
    if (position >= (int64_t) fixed->size)
        return 0;
    size_t left = fixed->size - (size_t) position;
    size_t count = size < left ? size : left;
    memcpy(buffer, fixed->bytes + position, count);
    return (ssize_t) count;
}

static int check_capacity(const struct fixed *fixed, int64_t position, size_t size)
{
    if ((uint64_t) position <= fixed->capacity &&
        size <= fixed->capacity - (size_t) position)
        return 0;
    return call_fail(ENOSPC);
}

static void extend_with_zeros(struct fixed *fixed, size_t size)
{
    if (size <= fixed->size)
        return;
    memset(fixed->bytes + fixed->size, 0, size - fixed->size);
    fixed->size = size;
}

/* DATA may be a part of a view, which shows the same block, so the two may overlap. */
static int fixed_write(
    struct store *store, const void *data, size_t size, int64_t position)
{
    struct fixed *fixed = fixed_of(store);
    if (check_capacity(fixed, position, size) != 0)
        return -1;
    size_t start = (size_t) position;
    extend_with_zeros(fixed, start);
    memmove(fixed->bytes + start, data, size);
    if (start + size > fixed->size)
        fixed->size = start + size;
    return 0;
}

static int fixed_truncate(struct store *store, int64_t size)
{
    struct fixed *fixed = fixed_of(store);
    if (check_capacity(fixed, size, 0) != 0)
        return -1;
    extend_with_zeros(fixed, (size_t) size);
    fixed->size = (size_t) size;
    return 0;
}

/* ---- All of the bytes at once ---------------------------------------------------- */

static const void *fixed_view(struct store *store, size_t *size)
{
    const struct fixed *fixed = fixed_of(store);
    *size = fixed->size;
    return fixed->bytes != NULL ? fixed->bytes : "";
}

static void *fixed_detach(struct store *store, size_t *size)
{
    struct fixed *fixed = fixed_of(store);
    char *copy = malloc(fixed->size + 1);
    if (copy == NULL)
        return NULL;
    *size = (size_t) fixed_read(store, copy, fixed->size, 0);
    copy[*size] = '\0';
    fixed->size = 0;
    return copy;
}

static int fixed_copy_to(struct store *store, int target)
{
    const struct fixed *fixed = fixed_of(store);
    size_t written;
    return descriptor_pwrite(target, fixed->bytes, fixed->size, 0, &written);
}

/* ---- Beginning and end ----------------------------------------------------------- */

static int fixed_destroy(struct store *store)
{
    free(store);
    return 0;
}

static const struct store_operations fixed_operations = {
    .read = fixed_read,
    .write = fixed_write,
    .append = store_append_by_write,
    .truncate = fixed_truncate,
    .size = fixed_size,
    .view = fixed_view,
    .detach = fixed_detach,
    .copy_to = fixed_copy_to,
    .destroy = fixed_destroy,
};

struct store *fixed_create(void *block, size_t capacity, size_t size, uint64_t size_limit)
{
    struct fixed *fixed = malloc(sizeof *fixed);
    if (fixed == NULL)
        return NULL;
    *fixed = (struct fixed){.bytes = block, .capacity = capacity, .size = size};
    store_init(&fixed->store, &fixed_operations, size_limit);
    fixed->store.in_memory = true;
    return &fixed->store;
}
