/* A fixed store never touches a byte outside of its caller's block. */
#include "proof.h"

#include "store/fixed.c"
#include "stand_ins.h"

int store_append_by_write(
    struct store *store, const void *data, size_t size, int64_t *end)
{
    (void) store, (void) data, (void) size, (void) end;
    return 0;
}

static struct fixed fixed;

static bool is_sound(void)
{
    return fixed.size <= fixed.capacity &&
           (fixed.bytes == NULL ? fixed.capacity == 0
                                : __CPROVER_w_ok(fixed.bytes, fixed.capacity));
}

static void begin_fixed(void)
{
    fixed.capacity = any_block_size();
    fixed.size = any_block_size();
    fixed.bytes = nondet_bool() ? any_block(fixed.capacity) : NULL;
    ASSUME(is_sound());
}

void proof_write(void)
{
    begin_fixed();
    size_t size = nondet_size();
    int64_t position = any_position();
    size_t before = fixed.size;
    const void *data = any_block(size <= MOST_BYTES ? size : MOST_BYTES);
    int status = fixed_write(&fixed.store, data, size, position);
    PROVE(is_sound());
    PROVE(status == 0 ? fixed.size >= (uint64_t) position + size : fixed.size == before);
}

void proof_read(void)
{
    begin_fixed();
    size_t size = any_block_size();
    void *buffer = any_block(size);
    ssize_t count = fixed_read(&fixed.store, buffer, size, any_position());
    PROVE(count >= 0 && (size_t) count <= size && (size_t) count <= fixed.size);
}

void proof_truncate(void)
{
    begin_fixed();
    int64_t size = any_position();
    size_t before = fixed.size;
    int status = fixed_truncate(&fixed.store, size);
    PROVE(is_sound());
    PROVE(fixed.size == (status == 0 ? (uint64_t) size : before));
}

void proof_detach(void)
{
    begin_fixed();
    size_t before = fixed.size;
    size_t size;
    void *bytes = fixed_detach(&fixed.store, &size);
    PROVE(is_sound());
    PROVE(bytes == NULL ? fixed.size == before : fixed.size == 0 && size == before);
    PROVE(bytes == NULL || __CPROVER_w_ok(bytes, size + 1));
}
