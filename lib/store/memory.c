#include <config.h>

#include "store/memory.h"

#include "base/call.h"
#include "base/process.h"
#include "base/threads.h"
#include "files/descriptor.h"
#include "store/budget.h"
#include "store/pages.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct memory *memory_of(struct store *store)
{
    return (struct memory *) store;
}

/* ---- The block ------------------------------------------------------------------- */

/* Keeps two steps of a change in order, so that a forked child never sees the second
 * without the first. Only the compiler must be told: before fork shares a page, each
 * processor that writes to the page finishes what it has written so far. */
static void keep_fork_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* During realloc the block may no longer be at its address. fork does not wait for that.
 * A child that was forked in between has lost the bytes, and knows it by mover. */
static void begin_reallocation(struct memory *memory)
{
    memory->mover = process_number();
    keep_fork_order();
}

static void end_reallocation(struct memory *memory)
{
    keep_fork_order();
    memory->mover = 0;
}

static bool lost_in_fork(const struct memory *memory)
{
    return memory->mover != 0 && memory->mover != process_number();
}

static int check_not_lost(const struct memory *memory)
{
    if (!lost_in_fork(memory))
        return 0;
    return call_fail(EBADF);
}

/* Sets block and capacity in such an order that the capacity is never more than the block
 * has. */
static void use_block(struct memory *memory, char *bytes, size_t capacity)
{
    if (capacity < memory->capacity)
        memory->capacity = capacity;
    keep_fork_order();
    memory->bytes = bytes;
    keep_fork_order();
    memory->block = BLOCK_OWN;
    memory->capacity = capacity;
    keep_fork_order();
    if (capacity < memory->provided)
        memory->provided = capacity;
}

/* Tells whether this is the end of a forked child. Then nobody reads the memory any more,
 * so nothing is allocated or freed: a signal handler that interrupted malloc may have
 * forked the child, and malloc would hang in it. */
static bool process_ends_unread(const struct memory *memory)
{
    return process_is_ending_child(memory->maker);
}

static void free_block(const struct memory *memory, char *block)
{
    if (!process_ends_unread(memory))
        free(block);
}

/* Frees a BLOCK that has been replaced, or keeps it for writes of its view. */
static void retire_block(struct memory *memory, char *block)
{
    if (memory->view == VIEW_NONE || memory->retired_block != NULL)
        free_block(memory, block);
    else
        memory->retired_block = block;
    memory->view = VIEW_NONE;
}

/* Replaces the block by a new one with the same content. */
static int copy_block(struct memory *memory, size_t capacity)
{
    char *old = memory->block == BLOCK_BORROWED ? NULL : memory->bytes;
    size_t kept = memory->size < capacity ? memory->size : capacity;
    char *bytes = malloc(capacity + 1);
    if (bytes == NULL)
        return -1;
    if (kept > 0)
        memcpy(bytes, memory->bytes, kept);
    use_block(memory, bytes, capacity);
    retire_block(memory, old);
    return 0;
}

static int reallocate_block(struct memory *memory, size_t capacity)
{
    begin_reallocation(memory);
    char *bytes = realloc(memory->bytes, capacity + 1);
    if (bytes != NULL)
        use_block(memory, bytes, capacity);
    end_reallocation(memory);
    return bytes != NULL ? 0 : -1;
}

enum { COPY_LIMIT = 8 << 20 /* bytes */ };

/* realloc would end a view. Beside other threads, one of which may fork, a small block is
 * copied as well, so that the child finds either the old block or the new one. A large
 * block is not, because there might be no memory for both: realloc moves its pages. A
 * child that was forked in the middle of that has lost the bytes. */
static bool must_copy_block(const struct memory *memory)
{
    return memory->block == BLOCK_BORROWED || memory->view != VIEW_NONE ||
           (threads_may_run() && memory->capacity < COPY_LIMIT);
}

static int resize_block(struct memory *memory, size_t capacity)
{
    if (capacity >= PTRDIFF_MAX)
        return call_fail(ENOMEM);
    return must_copy_block(memory) ? copy_block(memory, capacity)
                                   : reallocate_block(memory, capacity);
}

/* Grows the block to WANTED bytes, or to less, but at least NEEDED, if the budget has no
 * more. */
static int grow_block(struct memory *memory, size_t needed, size_t wanted)
{
    size_t taken;
    if (budget_take(memory->budget, needed - memory->capacity, wanted - memory->capacity,
            &taken) != 0)
        return -1;
    size_t capacity = memory->capacity + taken;
    if (resize_block(memory, capacity) == 0)
        return 0;
    budget_give(memory->budget, taken);
    return -1;
}

/* Makes the block writable, with room for NEEDED bytes. The capacity is doubled, so that
 * the time of many appends is linear. If there is no memory for that, NEEDED may still
 * fit. */
static int reserve_capacity(struct memory *memory, size_t needed)
{
    if (memory->block != BLOCK_BORROWED && needed <= memory->capacity)
        return 0;
    if (needed > memory->limit)
        return call_fail(ENOMEM);
    if (needed < memory->size)
        needed = memory->size;
    size_t doubled = memory->capacity <= SIZE_MAX / 2 ? memory->capacity * 2 : SIZE_MAX;
    size_t wanted = doubled < memory->limit ? doubled : memory->limit;
    if (wanted > needed && grow_block(memory, needed, wanted) == 0)
        return 0;
    return grow_block(memory, needed, needed);
}

/* Frees the memory behind the last byte. A failure does no harm: the memory is kept. */
static void shrink_block(struct memory *memory)
{
    size_t capacity = memory->capacity;
    if (memory->block == BLOCK_BORROWED)
        return;
    if (memory->size == 0)
        memory_clear(memory);
    else if (resize_block(memory, memory->size) == 0)
        budget_give(memory->budget, capacity - memory->size);
}

static void write_terminator(struct memory *memory)
{
    if (memory->block == BLOCK_OWN && memory->bytes != NULL)
        memory->bytes[memory->size] = '\0';
}

/* Returns NULL if the store has no block of its own. */
static char *own_block(const struct memory *memory)
{
    return memory->block == BLOCK_BORROWED || lost_in_fork(memory) ? NULL : memory->bytes;
}

/* Takes the block out of the store and empties that. The budget still counts the block.
 */
static char *take_block(struct memory *memory)
{
    char *bytes = own_block(memory);
    memory->size = 0;
    keep_fork_order();
    memory->capacity = 0;
    memory->provided = 0;
    keep_fork_order();
    memory->bytes = NULL;
    memory->mover = 0;
    keep_fork_order();
    memory->block = BLOCK_OWN;
    return bytes;
}

/* Does the same, and the budget counts the block no more. */
static char *release_block(struct memory *memory)
{
    size_t capacity = memory->capacity;
    char *bytes = take_block(memory);
    budget_give(memory->budget, capacity);
    return bytes;
}

void memory_clear(struct memory *memory)
{
    memory->view = VIEW_NONE;
    free_block(memory, release_block(memory));
}

void memory_clear_unless_viewed(struct memory *memory)
{
    if (memory->view != VIEW_VALID)
        retire_block(memory, release_block(memory));
}

void memory_retain_view(struct memory *memory)
{
    if (memory->view == VIEW_VALID)
        memory->view = VIEW_IN_WRITE;
}

void memory_release_view(struct memory *memory)
{
    if (memory->view == VIEW_IN_WRITE)
        memory->view = VIEW_NONE;
    char *retired_block = memory->retired_block;
    memory->retired_block = NULL;
    free_block(memory, retired_block);
}

enum { PAGES_AT_ONCE = 1 << 20 /* bytes */ };

/* Provides the pages of a large block ahead of the write that ends at END. Resident
 * memory is thus ahead of the bytes by PAGES_AT_ONCE at most. */
static void provide_pages(struct memory *memory, size_t end)
{
    if (end <= memory->provided || memory->capacity <= PAGES_AT_ONCE)
        return;
    size_t start = memory->size > memory->provided ? memory->size : memory->provided;
    if (end <= start)
        return;
    size_t room = memory->capacity - start;
    size_t wanted = end - start < PAGES_AT_ONCE ? PAGES_AT_ONCE : end - start;
    size_t size = wanted < room ? wanted : room;
    pages_provide(memory->bytes + start, size);
    memory->provided = start + size;
}

/* ---- Operations ------------------------------------------------------------------ */

/* Fetches what follows a read into the processor's caches, if the read began where the
 * one before ended. The processor does not do that by itself, because each part is copied
 * to stdio's small buffer first. */
static void fetch_ahead(struct memory *memory, size_t start, size_t end)
{
    enum { CACHE_LINE = 64, AHEAD = 1024 }; /* bytes; the second is stdio's buffer */
    bool continues = start == memory->read_end;
    size_t left = memory->size - end;
    size_t ahead = left < AHEAD ? left : AHEAD;
    memory->read_end = end;
    for (size_t i = 0; continues && i < ahead; i += CACHE_LINE)
        __builtin_prefetch(memory->bytes + end + i);
}

ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position)
{
    struct memory *memory = memory_of(store);
    if (check_not_lost(memory) != 0)
        return -1;
    if (position >= (int64_t) memory->size)
        return 0;
    size_t start = (size_t) position;
    size_t left = memory->size - start;
    size_t count = size < left ? size : left;
    memcpy(buffer, memory->bytes + start, count);
    fetch_ahead(memory, start, start + count);
    return (ssize_t) count;
}

/* Sets the bytes between the end and POSITION to zero. The block has room for them. */
static void zero_gap(struct memory *memory, size_t position)
{
    if (position > memory->size)
        memset(memory->bytes + memory->size, 0, position - memory->size);
}

int memory_write(struct store *store, const void *data, size_t size, int64_t position)
{
    struct memory *memory = memory_of(store);
    if (process_ends_unread(memory))
        return 0;
    if (check_not_lost(memory) != 0)
        return -1;
    if ((uint64_t) position > SIZE_MAX || size > SIZE_MAX - (size_t) position)
        return call_fail(ENOMEM);
    size_t start = (size_t) position;
    size_t end = start + size;
    if (reserve_capacity(memory, end) != 0)
        return -1;
    provide_pages(memory, end);
    zero_gap(memory, start);
    /* DATA may be a part of a view, which shows the same block, so the two may overlap.
     */
    memmove(memory->bytes + start, data, size);
    if (end > memory->size)
        memory->size = end;
    write_terminator(memory);
    return 0;
}

int memory_truncate(struct store *store, int64_t size)
{
    struct memory *memory = memory_of(store);
    if (check_not_lost(memory) != 0)
        return -1;
    if ((uint64_t) size > SIZE_MAX)
        return call_fail(ENOMEM);
    size_t end = (size_t) size;
    memory->view = VIEW_NONE;
    if (end > memory->size) {
        if (reserve_capacity(memory, end) != 0)
            return -1;
        zero_gap(memory, end);
    }
    bool cut = end < memory->size;
    memory->size = end;
    if (cut)
        shrink_block(memory);
    write_terminator(memory);
    return 0;
}

int64_t memory_size(struct store *store)
{
    const struct memory *memory = memory_of(store);
    return check_not_lost(memory) == 0 ? (int64_t) memory->size : -1;
}

/* Puts a '\0' behind the content before somebody sees it. An adopted block has had no
 * room for it. A forked child may have a new size without the '\0', if another thread of
 * its parent was just between the two. */
static int terminate_for_reader(struct memory *memory)
{
    if (memory->block == BLOCK_ADOPTED) {
        if (resize_block(memory, memory->capacity) != 0)
            return -1;
        write_terminator(memory);
    }
    /* Another thread may be reading a '\0' that is there, so it is not written again. */
    if (memory->bytes != NULL && memory->block == BLOCK_OWN &&
        memory->bytes[memory->size] != '\0')
        write_terminator(memory);
    return 0;
}

const void *memory_view(struct store *store, size_t *size)
{
    struct memory *memory = memory_of(store);
    if (check_not_lost(memory) != 0 || terminate_for_reader(memory) != 0)
        return NULL;
    *size = memory->size;
    memory->view = VIEW_VALID;
    return memory->bytes != NULL ? memory->bytes : "";
}

/* Copies the content to a new block, for a detach that cannot hand over this one. */
static char *copy_content(const struct memory *memory)
{
    char *bytes = malloc(memory->size + 1);
    if (bytes == NULL)
        return NULL;
    if (memory->bytes != NULL)
        memcpy(bytes, memory->bytes, memory->size);
    bytes[memory->size] = '\0';
    return bytes;
}

void *memory_detach(struct store *store, size_t *size)
{
    struct memory *memory = memory_of(store);
    if (check_not_lost(memory) != 0 || terminate_for_reader(memory) != 0)
        return NULL;
    bool movable = memory->block == BLOCK_OWN && memory->bytes != NULL;
    char *copy = movable ? NULL : copy_content(memory);
    if (!movable && copy == NULL)
        return NULL;
    *size = memory->size;
    memory->view = VIEW_NONE;
    char *block = release_block(memory);
    return movable ? block : copy;
}

int memory_copy_to(struct store *store, int target)
{
    const struct memory *memory = memory_of(store);
    size_t written;
    if (check_not_lost(memory) != 0)
        return -1;
    return descriptor_pwrite(target, memory->bytes, memory->size, 0, &written);
}

/* ---- Beginning and end ----------------------------------------------------------- */

void memory_finish(struct memory *memory)
{
    budget_give(memory->budget, memory->capacity);
    free_block(memory, own_block(memory));
    free(memory->retired_block);
    budget_release(memory->budget);
}

/* Clearing the whole structure before would take longer. */
void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget)
{
    store_init(&memory->store, operations, size_limit);
    memory->store.reaches_cancellation_points = false;
    memory->bytes = memory->retired_block = NULL;
    memory->size = memory->capacity = memory->provided = memory->read_end = 0;
    memory->limit = capacity_limit;
    memory->budget = budget_retain(budget);
    memory->block = BLOCK_OWN;
    memory->maker = process_number();
    memory->mover = 0;
    memory->view = VIEW_NONE;
}

void memory_borrow(struct memory *memory, const void *data, size_t size)
{
    memory->bytes = (char *) (uintptr_t) data;
    memory->size = size;
    memory->block = BLOCK_BORROWED;
}

int memory_copy(struct memory *memory, const void *data, size_t size)
{
    return size == 0 ? 0 : memory_write(&memory->store, data, size, 0);
}

int memory_adopt(struct memory *memory, void *data, size_t size)
{
    size_t taken;
    if (budget_take(memory->budget, size, size, &taken) != 0)
        return -1;
    memory->bytes = data;
    memory->size = size;
    memory->capacity = size;
    memory->block = BLOCK_ADOPTED;
    return 0;
}

void memory_return_adopted(struct memory *memory)
{
    memory->bytes = NULL;
    memory_clear(memory);
}
