#include <config.h>

#include "base/gate.h"

#include "base/call.h"

#include <poll.h>
#include <sched.h>
#include <stddef.h>

/* How many are inside, and CLOSED for each fork that is under way. */
static atomic_uint gate;
#define CLOSED (1u << 16)

bool gate_enter(void)
{
    if (atomic_fetch_add(&gate, 1) < CLOSED)
        return true;
    gate_leave();
    return false;
}

void gate_leave(void)
{
    (void) atomic_fetch_sub(&gate, 1);
}

/* Soon there: who is inside is in realloc. Where yielding does not let it go on, as among
 * threads of unlike priority, sleep does. */
void gate_close(void)
{
    enum { YIELDS = 100, MILLISECONDS = 1 };
    (void) atomic_fetch_add(&gate, CLOSED);
    for (int i = 0; atomic_load(&gate) % CLOSED != 0; i++) {
        if (i < YIELDS)
            (void) sched_yield();
        else
            (void) RETRY(poll(NULL, 0, MILLISECONDS));
    }
}

void gate_open(void)
{
    (void) atomic_fetch_sub(&gate, CLOSED);
}

/* Nobody else is here: neither inside nor about to fork. */
void gate_renew(void)
{
    atomic_store(&gate, 0);
}
