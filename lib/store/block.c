#include <config.h>

#include "store/block.h"

#include "base/call.h"
#include "base/process.h"
#include "base/threads.h"
#include "store/budget.h"
#include "store/pages.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- Capacities that fill huge pages --------------------------------------------- */

/* Bytes. The room is for what malloc has before and behind a block. Linux aligns mappings
 * of whole huge pages to such pages, since 6.7. */
enum { HUGE_PAGE = 2 << 20, ROOM_OF_MALLOC = 4096 };

static bool fills_huge_pages(size_t capacity)
{
    return (capacity + ROOM_OF_MALLOC) % HUGE_PAGE == 0;
}

/* Returns WANTED or, if that is large, up to two huge pages more. Many contents have a
 * power of two bytes. A block that is 4096 bytes smaller would be doubled once more. */
static size_t fill_huge_pages(size_t wanted)
{
    if (wanted < HUGE_PAGE || wanted > PTRDIFF_MAX)
        return wanted;
    size_t more = wanted + ROOM_OF_MALLOC + HUGE_PAGE + HUGE_PAGE / 2;
    return more - more % HUGE_PAGE - ROOM_OF_MALLOC;
}

/* ---- Changing the capacity ------------------------------------------------------- */

/* Tells whether the bytes are malloc's, and ours to free. */
static bool is_allocated(const struct block *block)
{
    return block->origin == BLOCK_OWN || block->origin == BLOCK_ADOPTED;
}

/* Sets bytes and capacity in such an order that the capacity is never more than there is.
 */
static void use_bytes(struct block *block, char *bytes, size_t capacity)
{
    if (capacity < block->capacity)
        block->capacity = capacity;
    call_keep_order();
    block->bytes = bytes;
    call_keep_order();
    block->origin = BLOCK_OWN;
    block->capacity = capacity;
    call_keep_order();
    if (capacity < block->provided)
        block->provided = capacity;
}

static void free_bytes(const struct block *block, char *bytes)
{
    if (!block_ends_unread(block))
        free(bytes);
}

/* Frees BYTES, which were replaced, or keeps them for writes of their view. */
static void retire_bytes(struct block *block, char *bytes)
{
    if (!block->retains || block->retired != NULL)
        free_bytes(block, bytes);
    else
        block->retired = bytes;
    block->retains = false;
}

static int copy_to_new_bytes(struct block *block, size_t capacity)
{
    char *old = is_allocated(block) ? block->bytes : NULL;
    size_t kept = block->size < capacity ? block->size : capacity;
    char *bytes = malloc(capacity + 1);
    if (bytes == NULL)
        return -1;
    if (kept > 0)
        memcpy(bytes, block->bytes, kept);
    use_bytes(block, bytes, capacity);
    retire_bytes(block, old);
    return 0;
}

/* During realloc the bytes may no longer be at their address. fork does not wait for
 * that. A child that was forked in between has lost the bytes, and knows it by `moves`.
 */
static int reallocate_bytes(struct block *block, size_t capacity)
{
    block->moves = true;
    call_keep_order();
    char *bytes = realloc(block->bytes, capacity + 1);
    if (bytes != NULL)
        use_bytes(block, bytes, capacity);
    call_keep_order();
    block->moves = false;
    return bytes != NULL ? 0 : -1;
}

enum { COPY_LIMIT = 8 << 20 /* bytes */ };

/* realloc would end a view. Beside other threads, one of which may fork, a small block is
 * copied as well, so that the child finds either the old bytes or the new ones. A large
 * block is not, because there might be no memory for both: realloc moves its pages. A
 * child that was forked in the middle of that has lost the bytes. */
static bool must_copy(const struct block *block)
{
    return !is_allocated(block) || block->retains ||
           (threads_may_run() && block->capacity < COPY_LIMIT);
}

/* All pages of the block get the advice, because realloc cannot move a mapping of which
 * only some have it. */
static int resize(struct block *block, size_t capacity)
{
    if (capacity >= PTRDIFF_MAX)
        return call_fail(ENOMEM);
    int status = must_copy(block) ? copy_to_new_bytes(block, capacity)
                                  : reallocate_bytes(block, capacity);
    if (status == 0 && fills_huge_pages(capacity))
        pages_prefer_huge(block->bytes, capacity + ROOM_OF_MALLOC);
    return status;
}

/* Grows the block to WANTED bytes, or to less, but at least NEEDED, if the budget has no
 * more. */
static int grow(struct block *block, size_t needed, size_t wanted)
{
    size_t taken;
    if (budget_take(block->budget, needed - block->capacity, wanted - block->capacity,
            &taken) != 0)
        return -1;
    size_t capacity = block->capacity + taken;
    if (resize(block, capacity) == 0)
        return 0;
    budget_give(block->budget, taken);
    return -1;
}

/* The capacity is doubled, so that the time of many appends is linear. It grows a little
 * more where no budget counts it. No block has more than PTRDIFF_MAX bytes. */
static size_t choose_capacity(const struct block *block, size_t needed)
{
    size_t doubled = block->capacity * 2;
    size_t wanted = doubled > needed ? doubled : needed;
    if (block->budget == NULL)
        wanted = fill_huge_pages(wanted);
    return wanted < block->limit ? wanted : block->limit;
}

/* If there is no memory for the chosen capacity, NEEDED may still fit. */
int block_make_room(struct block *block, size_t needed)
{
    if (needed > block->limit)
        return block_fail_full(block);
    if (needed < block->size)
        needed = block->size;
    size_t wanted = choose_capacity(block, needed);
    if (wanted > needed && grow(block, needed, wanted) == 0)
        return 0;
    return grow(block, needed, needed);
}

void block_shrink(struct block *block)
{
    size_t capacity = block->capacity;
    if (!is_allocated(block))
        return;
    if (block->size == 0)
        block_clear(block);
    else if (resize(block, block->size) == 0)
        budget_give(block->budget, capacity - block->size);
}

void block_provide_more_pages(struct block *block, size_t end)
{
    size_t start = block->size > block->provided ? block->size : block->provided;
    if (end <= start)
        return;
    size_t ahead = -(uintptr_t) (block->bytes + end) % BLOCK_PAGES_AT_ONCE;
    size_t room = block->capacity - end;
    size_t stop = end + (ahead < room ? ahead : room);
    pages_provide(block->bytes + start, stop - start);
    block->provided = stop;
}

/* ---- The '\0' behind the content ------------------------------------------------- */

/* An adopted block has no room for the '\0'. Bytes in the store cannot be detached, but a
 * detach returns what a view before it has shown. */
static bool must_move_for_reader(const struct block *block)
{
    return block->origin == BLOCK_ADOPTED ||
           (block->origin == BLOCK_INSIDE && block->size > 0);
}

/* A forked child may have a new size without the '\0', if another thread of its parent
 * was just between the two. */
int block_terminate_for_reader(struct block *block)
{
    if (must_move_for_reader(block)) {
        if (resize(block, block->capacity) != 0)
            return -1;
        block_terminate(block);
    }
    /* Another thread may be reading a '\0' that is there, so it is not written again. */
    if (block_has_end(block) && block->bytes[block->size] != '\0')
        block_terminate(block);
    return 0;
}

/* ---- Emptying -------------------------------------------------------------------- */

/* Returns NULL if the block is not ours to free. */
static char *own_bytes(const struct block *block)
{
    return is_allocated(block) && !block->moves ? block->bytes : NULL;
}

char *block_release(struct block *block)
{
    size_t capacity = block->capacity;
    char *bytes = own_bytes(block);
    block->size = 0;
    if (block->origin == BLOCK_FIXED)
        return NULL;
    call_keep_order();
    block->capacity = 0;
    block->provided = 0;
    call_keep_order();
    block->bytes = NULL;
    block->moves = false;
    call_keep_order();
    block->origin = BLOCK_OWN;
    budget_give(block->budget, capacity);
    return bytes;
}

void block_clear(struct block *block)
{
    retire_bytes(block, block_release(block));
}

/* ---- Views ----------------------------------------------------------------------- */

void block_retain_view(struct block *block)
{
    block->retains = true;
}

void block_release_view(struct block *block)
{
    block->retains = false;
    char *retired = block->retired;
    block->retired = NULL;
    free_bytes(block, retired);
}

/* ---- Beginning and end ----------------------------------------------------------- */

/* Clearing the whole structure before would take longer. */
void block_init(struct block *block, size_t limit, filelike_budget *budget)
{
    block->bytes = block->retired = NULL;
    block->size = block->capacity = block->provided = 0;
    block->limit = limit;
    block->budget = budget_retain(budget);
    block->origin = BLOCK_OWN;
    block->maker = process_number();
    block->moves = false;
    block->retains = false;
}

void block_finish(struct block *block)
{
    budget_give(block->budget, block->capacity);
    free_bytes(block, own_bytes(block));
    free(block->retired);
    budget_release(block->budget);
}

void block_begin_inside(struct block *block, char *bytes, size_t room)
{
    size_t most = room - 1;
    bytes[0] = '\0';
    block->bytes = bytes;
    block->capacity = most < block->limit ? most : block->limit;
    block->origin = BLOCK_INSIDE;
}

void block_borrow(struct block *block, const void *data, size_t size)
{
    block->bytes = (char *) (uintptr_t) data;
    block->size = size;
    block->capacity = 0;
    block->origin = BLOCK_BORROWED;
}

/* Its pages are the caller's affair. */
void block_fix(struct block *block, void *data, size_t capacity, size_t size)
{
    block->bytes = data;
    block->size = size;
    block->capacity = block->provided = capacity;
    block->origin = BLOCK_FIXED;
}

int block_adopt(struct block *block, void *data, size_t size)
{
    size_t taken;
    if (budget_take(block->budget, size, size, &taken) != 0)
        return -1;
    block->bytes = data;
    block->size = size;
    block->capacity = size;
    block->origin = BLOCK_ADOPTED;
    return 0;
}
