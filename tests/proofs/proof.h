/* Shared by the proofs. CBMC runs each proof_ function with every value that the nondet_
 * functions can return. It reports an assertion that one of them breaks, an arithmetic
 * overflow, or an access outside of a block.
 *
 * Blocks have up to MOST_BYTES bytes. All other numbers have every value of their type.
 * The content of a block is not followed: a copy only asks whether both sides are there.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 20 };

/* CBMC knows functions of such names: they return every value. */
size_t nondet_size(void);
int64_t nondet_int64(void);
bool nondet_bool(void);
unsigned nondet_unsigned(void);

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition) __CPROVER_assert((condition), #condition)

static inline size_t any_block_size(void)
{
    size_t size = nondet_size();
    ASSUME(size <= MOST_BYTES);
    return size;
}

static inline int64_t any_position(void)
{
    int64_t position = nondet_int64();
    ASSUME(position >= 0);
    return position;
}

/* A block of SIZE bytes, which is there. */
static inline void *any_block(size_t size)
{
    void *block = malloc(size);
    ASSUME(block != NULL);
    return block;
}

/* Allocations fail if they are large, and may fail at any time. */
static inline void *proof_malloc(size_t size)
{
    return size <= MOST_BYTES + 1 && nondet_bool() ? any_block(size) : NULL;
}

static inline void *proof_realloc(void *block, size_t size)
{
    void *other = proof_malloc(size);
    if (other != NULL)
        free(block);
    return other;
}

static inline void *proof_copy(void *target, const void *source, size_t size)
{
    PROVE(size == 0 || __CPROVER_w_ok(target, size));
    PROVE(size == 0 || __CPROVER_r_ok(source, size));
    return target;
}

static inline void *proof_fill(void *target, int byte, size_t size)
{
    (void) byte;
    PROVE(size == 0 || __CPROVER_w_ok(target, size));
    return target;
}

/* For the code that is included after this header. */
#define malloc proof_malloc
#define realloc proof_realloc
#define memcpy proof_copy
#define memmove proof_copy
#define memset proof_fill

#endif
