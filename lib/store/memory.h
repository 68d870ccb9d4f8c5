/* A store in memory: one block that grows. A spooled store begins with it. */
#ifndef MEMORY_H
#define MEMORY_H

#include "filelike.h"
#include "store/store.h"

/* Whose block it is, and what may be done with it. */
enum memory_block {
    BLOCK_OWN,     /* capacity + 1 bytes, the byte after the last is '\0'; or NULL */
    BLOCK_ADOPTED, /* capacity bytes, with no room behind them */
    BLOCK_BORROWED /* the caller's, only to be read; capacity is 0 */
};

/* Whether somebody may look at the block. */
enum memory_view {
    VIEW_NONE,
    VIEW_VALID,  /* a view of it is valid */
    VIEW_WRITTEN /* none is, but a write that has begun may be made of its bytes */
};

struct memory {
    struct store store;
    char *bytes;
    size_t size;
    size_t capacity;         /* bytes of content that the block can hold */
    size_t limit;            /* bytes that the capacity never passes */
    filelike_budget *budget; /* counts the capacity; a reference */
    enum memory_block block;
    unsigned maker;    /* its process_number */
    unsigned moved_by; /* the process_number of who is just moving the block, or 0 */
    enum memory_view view;
    char *shown; /* a block that was VIEW_WRITTEN, and has been replaced; or NULL */
};

/* Initializes an empty store. A write or truncation that would take its capacity past
 * CAPACITY_LIMIT or BUDGET (NULL: none) is ENOMEM. */
void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget);

/* Operations of a store that begins with a struct memory. */
ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position);
int memory_write(struct store *store, const void *data, size_t size, int64_t position);
int memory_truncate(struct store *store, int64_t size);
int64_t memory_size(struct store *store);
const void *memory_view(struct store *store, size_t *size);
void *memory_detach(struct store *store, size_t *size);
int memory_copy_to(struct store *store, int target);

/* Starts an empty store on SIZE bytes at DATA: in place, with a copy, or taking DATA
 * over. 0, or -1 with ENOMEM and DATA still the caller's. */
void memory_borrow(struct memory *memory, const void *data, size_t size);
int memory_copy(struct memory *memory, const void *data, size_t size);
int memory_adopt(struct memory *memory, void *data, size_t size);

/* Gives what memory_adopt took back to the caller. */
void memory_return_adopted(struct memory *memory);

/* Gives the block back: the store is empty then. */
void memory_clear(struct memory *memory);

/* The same, but what a write may be made of stays until memory_release_view; and nothing
 * is done while a view is valid. */
void memory_clear_unviewed(struct memory *memory);

/* Around the writes that may be made of a view, which is not valid any more. */
void memory_retain_view(struct memory *memory);
void memory_release_view(struct memory *memory);

/* Ends what memory_init began, for a store that lies inside another object. */
void memory_finish(struct memory *memory);

#endif
