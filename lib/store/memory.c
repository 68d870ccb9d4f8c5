#include <config.h>

#include "store/memory.h"

#include "base/call.h"
#include "base/process.h"
#include "base/threads.h"
#include "files/descriptor.h"
#include "store/budget.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct memory *memory_of(struct store *store)
{
    return (struct memory *) store;
}

/* ---- The block ----------------------------------------------------------------------
 */

/* Between two steps of a change, so that a forked child never has the second without the
 * first. It is enough to hold the compiler to that: before fork shares a page, each
 * processor that writes to it has finished what it wrote so far. */
static void keep_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* In between the block is perhaps no longer where its address says. Fork does not wait: a
 * child that finds it so has lost the bytes, and knows. */
static void begin_move(struct memory *memory)
{
    memory->moved_by = process_number();
    keep_order();
}

static void end_move(struct memory *memory)
{
    keep_order();
    memory->moved_by = 0;
}

static bool is_lost(const struct memory *memory)
{
    return memory->moved_by != 0 && memory->moved_by != process_number();
}

static int check_block(const struct memory *memory)
{
    if (!is_lost(memory))
        return 0;
    return call_fail(EBADF);
}

/* There is never more capacity than the block has. */
static void use_block(struct memory *memory, char *bytes, size_t capacity)
{
    if (capacity < memory->capacity)
        memory->capacity = capacity;
    keep_order();
    memory->bytes = bytes;
    keep_order();
    memory->block = BLOCK_OWN;
    memory->capacity = capacity;
    keep_order();
}

/* Where a signal handler forked and its child ends, malloc may be in the middle of
 * anything, and nobody reads what is in memory any more: so nothing is allocated nor
 * freed. */
static bool ends_with_process(const struct memory *memory)
{
    return process_is_ending_child(memory->maker);
}

static void free_block(const struct memory *memory, char *block)
{
    if (!ends_with_process(memory))
        free(block);
}

/* The block has been replaced. */
static void dispose_of_block(struct memory *memory, char *block)
{
    if (memory->view == VIEW_NONE || memory->shown != NULL)
        free_block(memory, block);
    else
        memory->shown = block;
    memory->view = VIEW_NONE;
}

/* A new block that begins with what the old one holds. */
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
    dispose_of_block(memory, old);
    return 0;
}

static int reallocate_block(struct memory *memory, size_t capacity)
{
    begin_move(memory);
    char *bytes = realloc(memory->bytes, capacity + 1);
    if (bytes != NULL)
        use_block(memory, bytes, capacity);
    end_move(memory);
    return bytes != NULL ? 0 : -1;
}

enum { MOST_COPIED = 8 << 20 /* bytes */ };

/* A view keeps the old block. Beside other threads, one of which may fork, a small block
 * is copied, so that the child finds the old one or the new one. A large block is not,
 * because there might be no room for both: realloc moves its pages. A child that was
 * forked in the middle of that has lost the bytes. */
static bool must_copy_block(const struct memory *memory)
{
    return memory->block == BLOCK_BORROWED || memory->view != VIEW_NONE ||
           (threads_may_run() && memory->capacity < MOST_COPIED);
}

static int resize_block(struct memory *memory, size_t capacity)
{
    if (capacity >= PTRDIFF_MAX)
        return call_fail(ENOMEM);
    return must_copy_block(memory) ? copy_block(memory, capacity)
                                   : reallocate_block(memory, capacity);
}

/* Grows to NEEDED bytes at least, and to WANTED where the budget has them. */
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

/* Makes the block writable, with room for NEEDED bytes. Doubling keeps appending linear;
 * where there is no room for that, just what is needed may still fit. */
static int reserve(struct memory *memory, size_t needed)
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

/* Gives the memory behind the last byte back. Where that fails, it is just kept. */
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

static void terminate(struct memory *memory)
{
    if (memory->block == BLOCK_OWN && memory->bytes != NULL)
        memory->bytes[memory->size] = '\0';
}

/* NULL where the store has no block of its own. */
static char *own_block(const struct memory *memory)
{
    return memory->block == BLOCK_BORROWED || is_lost(memory) ? NULL : memory->bytes;
}

/* Takes the block out of the store, which is empty then. The budget still counts it. */
static char *take_block(struct memory *memory)
{
    char *bytes = own_block(memory);
    memory->size = 0;
    keep_order();
    memory->capacity = 0;
    keep_order();
    memory->bytes = NULL;
    memory->moved_by = 0;
    keep_order();
    memory->block = BLOCK_OWN;
    return bytes;
}

/* The same, and the budget does not count it any more. */
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

void memory_clear_unviewed(struct memory *memory)
{
    if (memory->view != VIEW_VALID)
        dispose_of_block(memory, release_block(memory));
}

void memory_retain_view(struct memory *memory)
{
    if (memory->view == VIEW_VALID)
        memory->view = VIEW_WRITTEN;
}

void memory_release_view(struct memory *memory)
{
    if (memory->view == VIEW_WRITTEN)
        memory->view = VIEW_NONE;
    char *shown = memory->shown;
    memory->shown = NULL;
    free_block(memory, shown);
}

/* ---- Operations ---------------------------------------------------------------------
 */

ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position)
{
    const struct memory *memory = memory_of(store);
    if (check_block(memory) != 0)
        return -1;
    if (position >= (int64_t) memory->size)
        return 0;
    size_t start = (size_t) position;
    size_t left = memory->size - start;
    size_t count = size < left ? size : left;
    memcpy(buffer, memory->bytes + start, count);
    return (ssize_t) count;
}

/* Fills with zero bytes from the end to POSITION, which the block has room for. */
static void fill_gap(struct memory *memory, size_t position)
{
    if (position > memory->size)
        memset(memory->bytes + memory->size, 0, position - memory->size);
}

int memory_write(struct store *store, const void *data, size_t size, int64_t position)
{
    struct memory *memory = memory_of(store);
    if (ends_with_process(memory))
        return 0;
    if (check_block(memory) != 0)
        return -1;
    if ((uint64_t) position > SIZE_MAX || size > SIZE_MAX - (size_t) position)
        return call_fail(ENOMEM);
    size_t start = (size_t) position;
    size_t end = start + size;
    if (reserve(memory, end) != 0)
        return -1;
    fill_gap(memory, start);
    /* DATA may be a part of a view. */
    memmove(memory->bytes + start, data, size);
    if (end > memory->size)
        memory->size = end;
    terminate(memory);
    return 0;
}

int memory_truncate(struct store *store, int64_t size)
{
    struct memory *memory = memory_of(store);
    if (check_block(memory) != 0)
        return -1;
    if ((uint64_t) size > SIZE_MAX)
        return call_fail(ENOMEM);
    size_t end = (size_t) size;
    memory->view = VIEW_NONE;
    if (end > memory->size) {
        if (reserve(memory, end) != 0)
            return -1;
        fill_gap(memory, end);
    }
    bool cut = end < memory->size;
    memory->size = end;
    if (cut)
        shrink_block(memory);
    terminate(memory);
    return 0;
}

int64_t memory_size(struct store *store)
{
    const struct memory *memory = memory_of(store);
    return check_block(memory) == 0 ? (int64_t) memory->size : -1;
}

/* For who is to see the bytes: an adopted block has no room for the '\0' until then, and
 * a forked child may have a size without the '\0' that was just being written. */
static int terminate_for_reader(struct memory *memory)
{
    if (memory->block == BLOCK_ADOPTED) {
        if (resize_block(memory, memory->capacity) != 0)
            return -1;
        terminate(memory);
    }
    /* Who sees the same bytes already may be reading it. */
    if (memory->bytes != NULL && memory->block == BLOCK_OWN &&
        memory->bytes[memory->size] != '\0')
        terminate(memory);
    return 0;
}

const void *memory_view(struct store *store, size_t *size)
{
    struct memory *memory = memory_of(store);
    if (check_block(memory) != 0 || terminate_for_reader(memory) != 0)
        return NULL;
    *size = memory->size;
    memory->view = VIEW_VALID;
    return memory->bytes != NULL ? memory->bytes : "";
}

/* The bytes in a new block, for whom cannot have ours. */
static char *copy_out(const struct memory *memory)
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
    if (check_block(memory) != 0 || terminate_for_reader(memory) != 0)
        return NULL;
    bool movable = memory->block == BLOCK_OWN && memory->bytes != NULL;
    char *copy = movable ? NULL : copy_out(memory);
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
    if (check_block(memory) != 0)
        return -1;
    return descriptor_pwrite(target, memory->bytes, memory->size, 0, &written);
}

/* ---- Beginning and end --------------------------------------------------------------
 */

void memory_finish(struct memory *memory)
{
    budget_give(memory->budget, memory->capacity);
    free_block(memory, own_block(memory));
    free(memory->shown);
    budget_release(memory->budget);
}

/* Member by member, as clearing all of it first takes longer. */
void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget)
{
    store_init(&memory->store, operations, size_limit);
    memory->bytes = memory->shown = NULL;
    memory->size = memory->capacity = 0;
    memory->limit = capacity_limit;
    memory->budget = budget_retain(budget);
    memory->block = BLOCK_OWN;
    memory->maker = process_number();
    memory->moved_by = 0;
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
