#include <config.h>

#include "base/lock.h"

#include <sched.h>

/* The member `process` is the process_number of the process that the mutex is valid in,
 * or 0 before the first use. This bit is added while that process initializes the mutex.
 */
#define RENEWING PROCESS_NUMBERS

/* pthread_mutex_init may fail. An assignment cannot. */
static void renew_mutex(struct lock *lock)
{
    lock->mutex = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    lock->state = LOCK_FREE;
}

void lock_init(struct lock *lock)
{
    renew_mutex(lock);
    atomic_init(&lock->process, process_number());
}

/* One thread of this process initializes the mutex, and the others wait for it. If the
 * parent was initializing it when it forked, the child finds the parent's number and the
 * bit. It does not wait then, as the number is not its own. */
void lock_renew(struct lock *lock, unsigned number)
{
    unsigned seen = atomic_load(&lock->process);
    while (seen != number) {
        if (seen == (number | RENEWING)) {
            (void) sched_yield();
            seen = atomic_load(&lock->process);
        } else if (atomic_compare_exchange_weak(
                       &lock->process, &seen, number | RENEWING)) {
            renew_mutex(lock);
            atomic_store(&lock->process, number);
            return;
        }
    }
}

bool lock_try(struct lock *lock)
{
    lock_prepare(lock);
    bool needs_mutex = threads_may_run();
    if (needs_mutex ? pthread_mutex_trylock(&lock->mutex) != 0 : lock->state != LOCK_FREE)
        return false;
    lock->state = needs_mutex ? LOCK_BY_MUTEX : LOCK_ALONE;
    return true;
}
