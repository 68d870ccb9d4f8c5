#include <config.h>

#include "fork.h"

#include "cookie.h"
#include "gate.h"
#include "names.h"
#include "native.h"
#include "registry.h"
#include "removal.h"

#include <errno.h>
#include <pthread.h>

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
