#include <config.h>

#include "gate.h"

#include <pthread.h>

static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;

bool gate_enter(void)
{
    return pthread_rwlock_tryrdlock(&gate) == 0;
}

void gate_leave(void)
{
    (void) pthread_rwlock_unlock(&gate);
}

void gate_close(void)
{
    (void) pthread_rwlock_wrlock(&gate);
}

void gate_open(void)
{
    (void) pthread_rwlock_unlock(&gate);
}

void gate_renew(void)
{
    /* Not an unlock: the child has another thread identifier than the holder had. */
    gate = (pthread_rwlock_t) PTHREAD_RWLOCK_INITIALIZER;
}
