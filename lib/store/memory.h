/* A store in memory. A spooled store begins with it. */
#ifndef MEMORY_H
#define MEMORY_H

#include "store/block.h"
#include "store/file.h"

struct memory {
    struct file file; /* must be first: its store; used as a file when the bytes move */
    struct block block;
    size_t read_end; /* where the last read ended */
};

/* Begins an empty store. Writes and truncations that need more than CAPACITY_LIMIT bytes,
 * or more than BUDGET (NULL: none) has, fail with ENOMEM. block_finish ends it. */
void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget);

/* The operations of struct store_operations, for a store that begins with struct memory.
 * A write ends at INT64_MAX at most, as store_write checks, or begins at 0. */
ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position);
int memory_write(struct store *store, const void *data, size_t size, int64_t position);
int memory_truncate(struct store *store, int64_t size);
int64_t memory_size(struct store *store);
const void *memory_view(struct store *store, size_t *size);
void *memory_detach(struct store *store, size_t *size);
int memory_copy_to(struct store *store, int target);

/* All of them, for a table of operations. */
#define MEMORY_OPERATIONS                                                    \
    .read = memory_read, .write = memory_write, .truncate = memory_truncate, \
    .size = memory_size, .view = memory_view, .detach = memory_detach,       \
    .copy_to = memory_copy_to

#endif
