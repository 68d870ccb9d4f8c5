/* The gate between reallocation and fork.
 *
 * Why? A forked child has only the thread that forked. What another thread was doing
 * stays as it was at that moment, so each change of a store is ordered such that it can
 * stop anywhere. realloc cannot: once it has moved a block, the old address leads nowhere
 * until the new one is stored. So fork waits for those few instructions, and nothing ever
 * waits for fork: it takes stdio's list lock next, which fflush(NULL) may hold while it
 * writes on one of our streams, and a stream that waited there would never see the gate
 * open. */
#ifndef GATE_H
#define GATE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Between two steps of a change, so that a child never has the second without the first.
 * It is enough to hold the compiler to that: before fork shares a page, each processor
 * that writes to it has finished what it wrote so far, or else writes to the parent's
 * copy. */
static inline void gate_order(void)
{
    atomic_signal_fence(memory_order_acq_rel);
}

/* True: fork waits until gate_leave. False: a fork is under way, do not use realloc. */
bool gate_enter(void);
void gate_leave(void);

/* For the handlers of fork. */
void gate_close(void);
void gate_open(void);
void gate_renew(void);

#endif
