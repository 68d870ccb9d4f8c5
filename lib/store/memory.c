#include <config.h>

#include "store/memory.h"

#include "files/descriptor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct memory *memory_of(struct store *store)
{
    return (struct memory *) store;
}

/* ---- Reading and writing --------------------------------------------------------- */

/* Fetches what follows a read into the processor's caches, if the read began where the
 * one before ended. The processor does not do that by itself, because each part is copied
 * to stdio's small buffer first. */
static void fetch_ahead(struct memory *memory, size_t start, size_t end)
{
    enum { CACHE_LINE = 64, AHEAD = 1024 }; /* bytes; the second is stdio's buffer */
    bool continues = start == memory->read_end;
    size_t left = memory->block.size - end;
    size_t ahead = left < AHEAD ? left : AHEAD;
    memory->read_end = end;
    for (size_t i = 0; continues && i < ahead; i += CACHE_LINE)
        __builtin_prefetch(memory->block.bytes + end + i);
}

ssize_t memory_read(struct store *store, void *buffer, size_t size, int64_t position)
{
    struct memory *memory = memory_of(store);
    const struct block *block = &memory->block;
    if (block_check_not_lost(block) != 0)
        return -1;
    if (position >= (int64_t) block->size)
        return 0;
    size_t start = (size_t) position;
    size_t left = block->size - start;
    size_t count = size < left ? size : left;
    memcpy(buffer, block->bytes + start, count);
    fetch_ahead(memory, start, start + count);
    return (ssize_t) count;
}

/* Sets the bytes between the end and POSITION to zero. The block has room for them. */
static void zero_gap(struct block *block, size_t position)
{
    if (position > block->size)
        memset(block->bytes + block->size, 0, position - block->size);
}

int memory_write(struct store *store, const void *data, size_t size, int64_t position)
{
    struct block *block = &memory_of(store)->block;
    if (block_ends_unread(block))
        return 0;
    if (block_check_not_lost(block) != 0)
        return -1;
    if ((uint64_t) position + size > SIZE_MAX)
        return block_fail_full(block);
    size_t start = (size_t) position;
    size_t end = start + size;
    if (block_reserve(block, end) != 0)
        return -1;
    block_provide_pages(block, end);
    zero_gap(block, start);
    /* DATA may be a part of a view, which shows the same bytes, so the two may overlap.
     */
    memmove(block->bytes + start, data, size);
    if (end > block->size)
        block->size = end;
    block_terminate(block);
    return 0;
}

int memory_truncate(struct store *store, int64_t size)
{
    struct block *block = &memory_of(store)->block;
    if (block_check_not_lost(block) != 0)
        return -1;
    if ((uint64_t) size > SIZE_MAX)
        return block_fail_full(block);
    size_t end = (size_t) size;
    if (end > block->size) {
        if (block_reserve(block, end) != 0)
            return -1;
        zero_gap(block, end);
    }
    bool cut = end < block->size;
    block->size = end;
    if (cut)
        block_shrink(block);
    block_terminate(block);
    return 0;
}

int64_t memory_size(struct store *store)
{
    const struct block *block = &memory_of(store)->block;
    return block_check_not_lost(block) == 0 ? (int64_t) block->size : -1;
}

/* ---- Handing out the bytes ------------------------------------------------------- */

static int prepare_for_reader(struct block *block)
{
    return block_check_not_lost(block) == 0 ? block_terminate_for_reader(block) : -1;
}

const void *memory_view(struct store *store, size_t *size)
{
    struct block *block = &memory_of(store)->block;
    if (prepare_for_reader(block) != 0)
        return NULL;
    *size = block->size;
    return block->bytes != NULL ? block->bytes : "";
}

/* Copies the content for a detach that cannot hand over the block itself. */
static char *copy_content(const struct block *block)
{
    char *bytes = malloc(block->size + 1);
    if (bytes == NULL)
        return NULL;
    if (block->bytes != NULL)
        memcpy(bytes, block->bytes, block->size);
    bytes[block->size] = '\0';
    return bytes;
}

void *memory_detach(struct store *store, size_t *size)
{
    struct block *block = &memory_of(store)->block;
    if (prepare_for_reader(block) != 0)
        return NULL;
    bool movable = block->origin == BLOCK_OWN && block->bytes != NULL;
    char *copy = movable ? NULL : copy_content(block);
    if (!movable && copy == NULL)
        return NULL;
    *size = block->size;
    char *bytes = block_release(block);
    return movable ? bytes : copy;
}

int memory_copy_to(struct store *store, int target)
{
    const struct block *block = &memory_of(store)->block;
    size_t written;
    if (block_check_not_lost(block) != 0)
        return -1;
    return descriptor_pwrite(target, block->bytes, block->size, 0, &written);
}

void memory_init(struct memory *memory, const struct store_operations *operations,
    uint64_t size_limit, size_t capacity_limit, filelike_budget *budget)
{
    store_init(&memory->file.store, operations, size_limit);
    memory->file.store.in_memory = true;
    memory->file.store.reaches_cancellation_points = false;
    memory->read_end = 0;
    block_init(&memory->block, capacity_limit, budget);
}
