#include <config.h>

#include "stdio/fork.h"

#include "base/gate.h"
#include "files/removal.h"
#include "stdio/cookie.h"
#include "stdio/native.h"
#include "stdio/registry.h"
#include "store/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static int failure;

/* Of all locks, only that of the names is held while fork waits for stdio: it is taken by
 * filelike_fopen and filelike_remove alone, which like fopen are for moments when the
 * caller has locked no stream. The others may be wanted under a stream's lock, for which
 * fflush(NULL) may wait while it keeps fork waiting; what they guard is in order at each
 * moment, or is made new. */
static void before(void)
{
    gate_close();
    names_hold();
}

static void in_parent(void)
{
    names_resume();
    gate_open();
}

static void in_child(void)
{
    names_renew();
    names_resume();
    native_renew();
    registry_renew(cookie_renew_lock);
    removal_renew();
    gate_renew();
}

/* At the start, when no other thread can fork meanwhile; and after a malloc that has
 * locks to hold over a fork and sees to that when it is first used (jemalloc does). Who
 * comes last is asked first, and gate_close must be: threads inside may be waiting for
 * malloc. */
__attribute__((constructor)) static void prepare(void)
{
    void *volatile first = malloc(1);
    free(first);
    failure = pthread_atfork(before, in_parent, in_child);
}

int fork_prepared(void)
{
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}
