/* A store in memory: one block that grows. A spooled store begins with it. */
#ifndef MEMORY_H
#define MEMORY_H

#include "filelike.h"
#include "store/store.h"

/* The origin of the block. */
enum memory_block {
    BLOCK_OWN,     /* allocated here: capacity + 1 bytes, for a '\0'; or NULL */
    BLOCK_ADOPTED, /* given by the caller: capacity bytes, with no room for a '\0' */
    BLOCK_BORROWED /* lent by the caller, and only read; capacity is 0 */
};

/* Whether somebody may read the block through its address. */
enum memory_view {
    VIEW_NONE,
    VIEW_VALID,   /* yes: a view is valid */
    VIEW_IN_WRITE /* yes: a write of an earlier view may be under way */
};

struct memory {
    struct store store;
    char *bytes;
    size_t size;
    size_t capacity; /* bytes of content that the block can hold */
    size_t provided; /* bytes of the block whose pages were provided, see provide_pages */
    size_t limit;    /* bytes, of the capacity */
    size_t read_end; /* where the last read ended */
    filelike_budget *budget; /* counts the capacity; a reference, or NULL */
    enum memory_block block;
    unsigned maker; /* process_number of the process that made the store */
    unsigned mover; /* process_number of the process that is in realloc; or 0 */
    enum memory_view view;
    char *retired_block; /* an earlier block, kept for writes of its view; or NULL */
};

/* Begins an empty store whose capacity stays within CAPACITY_LIMIT and BUDGET (NULL:
 * none). Writes and truncations that would need more fail with ENOMEM. */
void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget);

/* The operations of struct store_operations, for a store that begins with struct memory.
 */
ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position);
int memory_write(struct store *store, const void *data, size_t size, int64_t position);
int memory_truncate(struct store *store, int64_t size);
int64_t memory_size(struct store *store);
const void *memory_view(struct store *store, size_t *size);
void *memory_detach(struct store *store, size_t *size);
int memory_copy_to(struct store *store, int target);

/* Fill an empty store with the SIZE bytes at DATA. memory_borrow reads them in place,
 * memory_copy copies them, and memory_adopt takes DATA over, a block of malloc's. Return
 * 0, or -1 with ENOMEM, and DATA is still the caller's then. */
void memory_borrow(struct memory *memory, const void *data, size_t size);
int memory_copy(struct memory *memory, const void *data, size_t size);
int memory_adopt(struct memory *memory, void *data, size_t size);

/* Gives the block that memory_adopt took back to the caller. */
void memory_return_adopted(struct memory *memory);

/* Empties the store and frees its block. */
void memory_clear(struct memory *memory);

/* Does the same, unless a view is valid. A block whose view may be written stays
 * until memory_release_view. */
void memory_clear_unless_viewed(struct memory *memory);

/* The operations retain_view and release_view of struct store_operations. */
void memory_retain_view(struct memory *memory);
void memory_release_view(struct memory *memory);

/* Ends what memory_init began. The store is a part of a larger object, so its memory
 * stays.
 */
void memory_finish(struct memory *memory);

#endif
