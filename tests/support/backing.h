/* A store of the tests' own for filelike_custom: bytes in memory, whose operations move
 * short counts at random, fail or misbehave when they are told to, and notice when two
 * threads are in them at once. Needs no test framework. */
#ifndef BACKING_H
#define BACKING_H

#include "filelike.h"

#include <stdatomic.h>
#include <stdbool.h>

enum backing_operation {
    BACKING_READ,
    BACKING_WRITE,
    BACKING_SIZE,
    BACKING_TRUNCATE,
    BACKING_CLOSE,
    BACKING_OPERATIONS
};

/* The behaviour of an operation in place of its work, for a number of times. */
struct backing_fault {
    unsigned after; /* calls that work before */
    unsigned times;
    int64_t result;
    int error; /* errno; 0 is set, too */
};

/* Bytes that it holds at most, unless it is told otherwise. */
enum { BACKING_MOST = 64 << 20 };

struct backing {
    char *bytes;
    size_t size;
    size_t room;
    size_t most;     /* that it may hold, ENOSPC past it */
    unsigned random; /* state of a generator for short counts; 0: all is moved */
    bool own;        /* close frees it */
    struct backing_fault faults[BACKING_OPERATIONS];
    unsigned calls[BACKING_OPERATIONS];
    int lost;               /* what close was told */
    int64_t next;           /* the position that read or write should come to next */
    bool out_of_order;      /* one came to another */
    atomic_uint busy;       /* an operation is at work */
    atomic_bool overlapped; /* another began meanwhile, or after close */
};

/* Asked before the work of each operation, where it is not NULL: how many of SIZE bytes
 * are moved (SIZE is 0 where OPERATION moves none), or -1 with errno where it fails. */
extern ssize_t (*backing_meets)(enum backing_operation operation, size_t size);

/* All five; and those without a size. */
extern const struct filelike_operations backing_operations;
extern const struct filelike_operations backing_in_order;

/* Makes BACKING hold the SIZE bytes at DATA. SEED is for RANDOM. */
void backing_init(struct backing *backing, unsigned seed, const void *data, size_t size);
void backing_finish(struct backing *backing);

/* Of malloc's, for a stream whose close frees it; or NULL. */
struct backing *backing_create(unsigned seed, const void *data, size_t size);

/* Lets OPERATION return RESULT with ERROR, TIMES times, after AFTER calls that work. */
void backing_fail(struct backing *backing, enum backing_operation operation,
    unsigned after, unsigned times, int64_t result, int error);

#endif
