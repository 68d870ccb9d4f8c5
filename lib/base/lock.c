#include <config.h>

#include "base/lock.h"

#include <sched.h>

/* A lock's process is 0 at first, or the process_number of the process that its mutex is
 * valid in; or that and this, while that process is making the mutex new. */
#define RENEWING PROCESS_NUMBERS

/* An assignment, because it cannot fail as pthread_mutex_init may. */
static void renew_mutex(struct lock *lock)
{
    lock->mutex = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
}

void lock_init(struct lock *lock)
{
    renew_mutex(lock);
    atomic_init(&lock->process, process_number());
}

/* One thread of this process makes the mutex new, and the others wait. If the parent
 * forked while it was doing so, its number is found here with the bit, and not waited
 * for. */
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
