/* A block of memory that grows, as far as its limit and its budget allow. The bytes of a
 * store in memory are in one block.
 *
 * A child may be forked in the middle of any change. It finds the block as it was before
 * the change or as it is after it, or knows that it has lost the bytes. */
#ifndef BLOCK_H
#define BLOCK_H

#include "base/call.h"
#include "base/process.h"
#include "filelike.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum block_origin {
    BLOCK_OWN,      /* allocated here: capacity + 1 bytes, for a '\0'; or NULL */
    BLOCK_INSIDE,   /* the same, but in the store itself: never freed, nor detached */
    BLOCK_ADOPTED,  /* given by the caller: capacity bytes, with no room for a '\0' */
    BLOCK_BORROWED, /* lent by the caller, and only read; capacity is 0 */
    BLOCK_FIXED     /* lent by the caller, and written; capacity bytes and never more */
};

struct block {
    char *bytes;
    size_t size;     /* bytes of content */
    size_t capacity; /* bytes of content that fit */
    size_t provided; /* bytes whose pages were provided, see block_provide_pages */
    size_t limit;    /* bytes, of the capacity */
    filelike_budget *budget; /* counts the capacity; a reference, or NULL */
    enum block_origin origin;
    unsigned maker; /* process_number of the process that made the block */
    bool moves;     /* in realloc; a child that was forked in between finds it true */
    bool retains;   /* a write of a view of the bytes may be under way */
    char *retired;  /* earlier bytes, kept for that write; or NULL */
};

/* Begins an empty block whose capacity stays within LIMIT and BUDGET (NULL: none).
 * block_finish ends it. */
void block_init(struct block *block, size_t limit, filelike_budget *budget);
void block_finish(struct block *block);

/* Lets an empty block without a budget begin with the ROOM bytes at BYTES, which last as
 * long as the block. Short contents then need no allocation. */
void block_begin_inside(struct block *block, char *bytes, size_t room);

/* Fill an empty block with the SIZE bytes at DATA. block_borrow lets them be read in
 * place. block_fix lets them be written, too, where CAPACITY bytes have room. block_adopt
 * takes DATA over, which malloc has allocated. It returns 0, or -1 with ENOMEM, and DATA
 * is still the caller's then. */
void block_borrow(struct block *block, const void *data, size_t size);
void block_fix(struct block *block, void *data, size_t capacity, size_t size);
int block_adopt(struct block *block, void *data, size_t size);

/* 0, or -1 with EBADF if this is a child that was forked while the bytes were moving. */
static inline int block_check_not_lost(const struct block *block)
{
    return block->moves ? call_fail(EBADF) : 0;
}

/* Whether this is the end of a forked child. Then nobody reads the bytes any more, so
 * nothing is allocated or freed: a signal handler that interrupted malloc may have forked
 * the child, and malloc would hang in it. Others may share a fixed block. */
static inline bool block_ends_unread(const struct block *block)
{
    return process_is_ending_child(block->maker) && block->origin != BLOCK_FIXED;
}

/* Fails for lack of room: returns -1 with ENOMEM, or ENOSPC for a fixed block. */
static inline int block_fail_full(const struct block *block)
{
    return call_fail(block->origin == BLOCK_FIXED ? ENOSPC : ENOMEM);
}

/* Makes the block writable, with room for NEEDED bytes. Returns 0, or fails as
 * block_fail_full does. */
int block_make_room(struct block *block, size_t needed);

static inline int block_reserve(struct block *block, size_t needed)
{
    bool fits = block->origin != BLOCK_BORROWED && needed <= block->capacity;
    return fits ? 0 : block_make_room(block, needed);
}

/* Provides the pages of a large block ahead of the write that ends at END. */
void block_provide_more_pages(struct block *block, size_t end);

/* Bytes. Pages are provided up to the next multiple of this. A huge page that is touched
 * ends at the next multiple of 2 MiB, which is the most that resident memory is ahead. */
enum { BLOCK_PAGES_AT_ONCE = 1 << 20 };

static inline void block_provide_pages(struct block *block, size_t end)
{
    if (end > block->provided && block->capacity > BLOCK_PAGES_AT_ONCE)
        block_provide_more_pages(block, end);
}

/* Frees the memory behind the last byte. A failure does no harm: the memory is kept. */
void block_shrink(struct block *block);

/* Whether there are bytes, with room for a '\0' behind the content. */
static inline bool block_has_end(const struct block *block)
{
    bool has_room = block->origin == BLOCK_OWN || block->origin == BLOCK_INSIDE;
    return has_room && block->bytes != NULL;
}

/* Writes a '\0' behind the content, if there is room for it. */
static inline void block_terminate(struct block *block)
{
    if (block_has_end(block))
        block->bytes[block->size] = '\0';
}

/* Puts a '\0' behind the content before somebody sees it. 0, or -1 with ENOMEM. */
int block_terminate_for_reader(struct block *block);

/* Takes the bytes out, which the caller frees. NULL if they are borrowed or lost. */
char *block_release(struct block *block);

/* Frees the bytes. Those that a write of their view may need stay until
 * block_release_view. */
void block_clear(struct block *block);

/* See retain_view and release_view of struct store_operations. */
void block_retain_view(struct block *block);
void block_release_view(struct block *block);

#endif
