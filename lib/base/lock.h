/* A mutex that a forked child finds unlocked, whoever held it in the parent.
 *
 * Why? The thread that held it does not exist in the child. No handler of fork goes over
 * all locks: each notes which process it is valid in, and becomes new in another one at
 * its first use. What it guards is then as the holder left it, in the middle of a change
 * perhaps, so each change must be such that it can stop anywhere. */
#ifndef LOCK_H
#define LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct lock {
    pthread_mutex_t mutex;
    atomic_uint process; /* see lock.c */
};

#define LOCK_INITIALIZER             \
    {                                \
        PTHREAD_MUTEX_INITIALIZER, 0 \
    }

/* Cannot fail, and what it makes need not be destroyed. */
void lock_init(struct lock *lock);

void lock_acquire(struct lock *lock);
void lock_release(struct lock *lock);

/* Whether it is acquired now, without waiting. */
bool lock_try(struct lock *lock);

#endif
