/* A mutex that a forked child finds unlocked, whoever held it in the parent.
 *
 * Why? The thread that held it does not exist in the child. No handler of fork goes over
 * all locks: each notes which process it is valid in, and becomes new in another one at
 * its first use. What it guards is then as the holder left it, in the middle of a change
 * perhaps, so each change must be such that it can stop anywhere. */
#ifndef LOCK_H
#define LOCK_H

#include "base/process.h"

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

/* Makes it valid in this process, whose process_number is NUMBER. */
void lock_renew(struct lock *lock, unsigned number);

static inline void lock_prepare(struct lock *lock)
{
    unsigned number = process_number();
    if (atomic_load_explicit(&lock->process, memory_order_acquire) != number)
        lock_renew(lock, number);
}

static inline void lock_acquire(struct lock *lock)
{
    lock_prepare(lock);
    (void) pthread_mutex_lock(&lock->mutex);
}

static inline void lock_release(struct lock *lock)
{
    (void) pthread_mutex_unlock(&lock->mutex);
}

/* Whether it is acquired now, without waiting. */
static inline bool lock_try(struct lock *lock)
{
    lock_prepare(lock);
    return pthread_mutex_trylock(&lock->mutex) == 0;
}

#endif
