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
#include "base/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* How its holder has acquired a lock. */
enum lock_state {
    LOCK_FREE,
    LOCK_ALONE, /* without the mutex, as there was no other thread */
    LOCK_BY_MUTEX
};

struct lock {
    pthread_mutex_t mutex;
    atomic_uint process;   /* see lock.c */
    enum lock_state state; /* only the holder reads and writes it */
};

#define LOCK_INITIALIZER                   \
    {                                      \
        .mutex = PTHREAD_MUTEX_INITIALIZER \
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
    bool needs_mutex = threads_may_run();
    if (needs_mutex)
        (void) pthread_mutex_lock(&lock->mutex);
    lock->state = needs_mutex ? LOCK_BY_MUTEX : LOCK_ALONE;
}

/* For the holder, before code that may start a thread: that thread will find the mutex
 * locked. */
static inline void lock_expect_threads(struct lock *lock)
{
    if (lock->state == LOCK_BY_MUTEX)
        return;
    (void) pthread_mutex_lock(&lock->mutex);
    lock->state = LOCK_BY_MUTEX;
}

static inline void lock_release(struct lock *lock)
{
    enum lock_state state = lock->state;
    lock->state = LOCK_FREE;
    if (state == LOCK_BY_MUTEX)
        (void) pthread_mutex_unlock(&lock->mutex);
}

/* Acquires the lock if that takes no waiting. Returns whether it did. */
bool lock_try(struct lock *lock);

#endif
