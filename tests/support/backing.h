/* A store of the tests' own for filelike_custom, with its bytes in memory. Its operations
 * move short counts at random. They fail or misbehave when a test asks for it. They
 * notice when two threads call them at once. Needs no test framework. */
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

/* The result that an operation returns instead of doing its work, for a number of times.
 */
struct backing_fault {
    unsigned after; /* calls that work before */
    unsigned times;
    int64_t result;
    int error; /* errno; 0 is set, too */
};

/* The most bytes that a backing holds, unless a test sets another number. */
enum { BACKING_MOST = 64 << 20 };

struct backing {
    char *bytes;
    size_t size;
    size_t room;
    size_t most;     /* bytes that it may hold; ENOSPC past them */
    unsigned random; /* state of a generator for short counts; 0: all is moved */
    bool own;        /* close frees it */
    struct backing_fault faults[BACKING_OPERATIONS];
    unsigned calls[BACKING_OPERATIONS];
    int lost;               /* what close was told */
    int64_t next;           /* the position that the next read or write should have */
    bool out_of_order;      /* a read or write had another position */
    atomic_uint busy;       /* an operation is at work */
    atomic_bool overlapped; /* another began at the same time, or after close */
};

/* Called before the work of each operation, unless it is NULL. Returns how many of SIZE
 * bytes to move, or -1 with errno to let OPERATION fail. SIZE is 0 if OPERATION moves no
 * bytes. */
extern ssize_t (*backing_meets)(enum backing_operation operation, size_t size);

/* The first has all five operations, the second neither size nor truncate. */
extern const struct filelike_operations backing_operations;
extern const struct filelike_operations backing_in_order;

/* Makes BACKING hold the SIZE bytes at DATA. SEED is for RANDOM. */
void backing_init(struct backing *backing, unsigned seed, const void *data, size_t size);
void backing_finish(struct backing *backing);

/* A backing from malloc, for a stream whose close frees it. NULL if malloc fails. */
struct backing *backing_create(unsigned seed, const void *data, size_t size);

/* Lets OPERATION return RESULT with ERROR, TIMES times, after AFTER calls that work. */
void backing_fail(struct backing *backing, enum backing_operation operation,
    unsigned after, unsigned times, int64_t result, int error);

#endif
