/* A mutex that a forked child finds unlocked, even if a thread of the parent held it.
 *
 * Why? The thread that held it does not exist in the child, so nobody would unlock it.
 * There is no handler of fork that goes over all locks. Instead each lock notes the
 * process that it is valid in, and is initialized again at its first use in another one.
 * The data that it guards may then be in the middle of a change. So each change must
 * leave valid data after every single step. */
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

/* Initializes a lock. It cannot fail, and the lock need not be destroyed. */
void lock_init(struct lock *lock);

/* Makes the lock valid in this process, whose process_number is NUMBER. */
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

/* Acquires the lock if that takes no waiting. Returns whether it did. */
static inline bool lock_try(struct lock *lock)
{
    lock_prepare(lock);
    return pthread_mutex_trylock(&lock->mutex) == 0;
}

#endif
