/* A store in memory keeps its size within its block, and its capacity within its limit
 * and its budget, whatever is written, truncated, viewed or detached. */
#include "proof.h"

#include "store/block.c"
#include "store/budget.c"
#include "store/memory.c"
#include "stand_ins.h"

_Atomic(atomic_uint *) process_page;
atomic_bool process_ending;

unsigned process_find_number(void)
{
    return 1;
}

void pages_provide(void *block, size_t size)
{
    PROVE(__CPROVER_w_ok(block, size));
}

void pages_prefer_huge(void *block, size_t size)
{
    PROVE(__CPROVER_w_ok(block, size - ROOM_OF_MALLOC + 1));
}

static filelike_budget budget;
static struct memory memory;
static struct block *const block = &memory.block;
static size_t used_by_others; /* bytes of the budget */

static size_t room_of_block(void)
{
    bool has_end = block->origin == BLOCK_OWN || block->origin == BLOCK_INSIDE;
    return block->capacity + (has_end ? 1 : 0);
}

static bool is_within_budget(void)
{
    if (block->budget == NULL)
        return true;
    return budget.used <= budget.bytes && block->capacity <= budget.used &&
           budget.used - block->capacity == used_by_others;
}

static bool is_sound(void)
{
    if (!is_within_budget())
        return false;
    if (block->origin == BLOCK_BORROWED)
        return block->capacity == 0 && block->size <= block->limit &&
               __CPROVER_r_ok(block->bytes, block->size);
    if (block->size > block->capacity || block->capacity > block->limit)
        return false;
    return block->bytes == NULL ? block->capacity == 0
                                : __CPROVER_w_ok(block->bytes, room_of_block());
}

static enum block_origin any_origin(void)
{
    unsigned origin = nondet_unsigned();
    ASSUME(origin <= BLOCK_FIXED);
    return (enum block_origin) origin;
}

static bool may_have_budget(void)
{
    return block->origin != BLOCK_FIXED && block->origin != BLOCK_INSIDE;
}

/* To free the bytes inside is an error that CBMC finds. */
static void *any_bytes(size_t room)
{
    static char inside[MOST_BYTES + 1];
    return block->origin == BLOCK_INSIDE ? inside : any_block(room);
}

/* Every sound state. */
static void begin_block(void)
{
    used_by_others = nondet_size();
    budget.bytes = nondet_size();
    budget.used = nondet_size();
    block->origin = any_origin();
    block->budget = may_have_budget() && nondet_bool() ? &budget : NULL;
    block->limit = nondet_size();
    block->retains = nondet_bool();
    block->size = any_block_size();
    block->capacity = block->origin == BLOCK_BORROWED ? 0 : any_block_size();
    block->provided = any_block_size();
    block->maker = 1;
    size_t room = block->origin == BLOCK_BORROWED ? block->size : room_of_block();
    bool has_bytes = block->origin != BLOCK_OWN || nondet_bool();
    block->bytes = has_bytes ? any_bytes(room) : NULL;
    block->retired = nondet_bool() ? any_block(1) : NULL;
    ASSUME(is_sound());
    ASSUME(block->origin != BLOCK_FIXED || block->limit == block->capacity);
}

void proof_write(void)
{
    begin_block();
    size_t size = any_block_size();
    int64_t position = any_position();
    size_t before = block->size;
    const void *data = any_block(size);
    int status = memory_write(&memory.file.store, data, size, position);
    PROVE(is_sound());
    PROVE(
        status == 0 ? block->size >= (uint64_t) position + size : block->size == before);
}

void proof_write_of_any_size(void)
{
    begin_block();
    size_t size = nondet_size();
    int64_t position = any_position();
    ASSUME(size > MOST_BYTES && (position == 0 || size <= INT64_MAX - position));
    PROVE(memory_write(&memory.file.store, block->bytes, size, position) == -1);
    PROVE(is_sound());
}

void proof_truncate(void)
{
    begin_block();
    int64_t size = any_position();
    size_t before = block->size;
    int status = memory_truncate(&memory.file.store, size);
    PROVE(is_sound());
    PROVE(block->size == (status == 0 ? (uint64_t) size : before));
}

void proof_huge_pages_have_room(void)
{
    size_t wanted = nondet_size();
    size_t capacity = fill_huge_pages(wanted);
    PROVE(capacity >= wanted && capacity - wanted < 2 * HUGE_PAGE);
    PROVE(capacity == wanted || capacity - wanted >= HUGE_PAGE / 2);
}

void proof_read(void)
{
    begin_block();
    size_t size = any_block_size();
    int64_t position = any_position();
    void *buffer = any_block(size);
    ssize_t count = memory_read(&memory.file.store, buffer, size, position);
    PROVE(count >= 0 && (size_t) count <= size);
    PROVE(count == 0 || (uint64_t) position + (size_t) count <= block->size);
}

void proof_view(void)
{
    begin_block();
    size_t size;
    const void *bytes = memory_view(&memory.file.store, &size);
    PROVE(is_sound());
    PROVE(bytes == NULL || __CPROVER_r_ok(bytes, size));
}

void proof_detach(void)
{
    begin_block();
    size_t before = block->size;
    size_t size;
    void *bytes = memory_detach(&memory.file.store, &size);
    PROVE(is_sound());
    PROVE(bytes == NULL ? block->size == before : block->size == 0);
    PROVE(bytes == NULL || __CPROVER_w_ok(bytes, size + 1));
}

void proof_finish(void)
{
    begin_block();
    budget.references = 2;
    block_finish(block);
    PROVE(block->budget == NULL || budget.used == used_by_others);
}
