#include <config.h>

#include "fork.h"

#include "gate.h"
#include "names.h"
#include "native.h"
#include "registry.h"
#include "removal.h"

#include <errno.h>
#include <pthread.h>

static int failure;

static void before(void)
{
    gate_close();
    registry_hold();
    native_hold();
    names_hold();
}

static void in_parent(void)
{
    names_resume();
    native_resume();
    registry_resume();
    gate_open();
}

static void in_child(void)
{
    names_renew();
    native_renew();
    registry_renew();
    removal_renew();
    gate_renew();
}

/* At the start, when no other thread can fork meanwhile. */
__attribute__((constructor)) static void prepare(void)
{
    failure = pthread_atfork(before, in_parent, in_child);
}

int fork_prepared(void)
{
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}
