#include <config.h>

#include "files/removal.h"

#include "files/descriptor.h"
#include "filelike.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2,
    "signal handlers need atomics without locks");

enum state {
    STATE_FREE,     /* nobody's */
    STATE_RESERVED, /* somebody's; its file, if it has one, stays */
    STATE_CREATING, /* the same, and its file may appear at any moment */
    STATE_ARMED     /* its file is to be removed; and one more for each filelike_cleanup
                       that is reading it, as one may interrupt another */
};

/* Places are never freed, only used again, so that a handler can walk the list at any
 * moment. What a place says is changed in STATE_RESERVED and STATE_CREATING only, and
 * read in the others. */
struct removal {
    struct removal *next;
    atomic_int state;
    pid_t owner;
    int directory;
    char *name;
    dev_t device;
    ino_t inode;
};

static _Atomic(struct removal *) places;

/* ---- Places --------------------------------------------------------------------------
 */

static bool change(struct removal *removal, int from, int to)
{
    return atomic_compare_exchange_strong(&removal->state, &from, to);
}

static struct removal *reuse(void)
{
    struct removal *removal = atomic_load(&places);
    while (removal != NULL && !change(removal, STATE_FREE, STATE_RESERVED))
        removal = removal->next;
    return removal;
}

struct removal *removal_reserve(void)
{
    struct removal *removal = reuse();
    if (removal != NULL)
        return removal;
    removal = calloc(1, sizeof *removal);
    if (removal == NULL)
        return NULL;
    atomic_init(&removal->state, STATE_RESERVED);
    removal->next = atomic_load(&places);
    while (!atomic_compare_exchange_weak(&places, &removal->next, removal))
        continue;
    return removal;
}

void removal_set(
    struct removal *removal, int directory, char *name, const struct stat *status)
{
    free(removal->name);
    removal->owner = getpid();
    removal->directory = directory;
    removal->name = name;
    removal->device = status->st_dev;
    removal->inode = status->st_ino;
}

const char *removal_name(const struct removal *removal)
{
    return removal->name;
}

void removal_arm(struct removal *removal)
{
    if (!change(removal, STATE_RESERVED, STATE_ARMED))
        (void) change(removal, STATE_CREATING, STATE_ARMED);
}

void removal_disarm(struct removal *removal)
{
    /* A handler on another thread may just be reading it; one on this thread is over. */
    while (!change(removal, STATE_ARMED, STATE_RESERVED) &&
           atomic_load(&removal->state) != STATE_RESERVED)
        (void) sched_yield();
}

bool removal_is_armed(const struct removal *removal)
{
    return atomic_load(&removal->state) >= STATE_ARMED;
}

/* ---- Creating ------------------------------------------------------------------------
 */

void removal_begin_creation(struct removal *removal, sigset_t *signals)
{
    sigset_t all;
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, signals);
    atomic_store(&removal->state, STATE_CREATING);
}

void removal_end_creation(struct removal *removal, const sigset_t *signals)
{
    int saved = errno;
    (void) change(removal, STATE_CREATING, STATE_RESERVED);
    (void) pthread_sigmask(SIG_SETMASK, signals, NULL);
    errno = saved;
}

/* ---- Removing ------------------------------------------------------------------------
 */

/* Another file that has meanwhile taken the name is not ours to remove. */
static void unlink_own(const struct removal *removal)
{
    struct stat status;
    if (removal->owner != getpid())
        return;
    if (RETRY(fstatat(removal->directory, removal->name, &status, AT_SYMLINK_NOFOLLOW)) !=
        0)
        return;
    if (status.st_dev == removal->device && status.st_ino == removal->inode)
        (void) RETRY(unlinkat(removal->directory, removal->name, 0));
}

void removal_release(struct removal *removal)
{
    int saved = errno;
    /* The file goes before the place is disarmed: no moment in between lets it escape. */
    if (removal_is_armed(removal))
        unlink_own(removal);
    removal_disarm(removal);
    free(removal->name);
    removal->name = NULL;
    atomic_store(&removal->state, STATE_FREE);
    errno = saved;
}

int removal_undo(struct removal *removal)
{
    if (RETRY(unlinkat(removal->directory, removal->name, 0)) != 0 && errno != ENOENT)
        return -1;
    removal_disarm(removal);
    return 0;
}

/* Bounded, in all by PATIENCE milliseconds: a thread that is creating a file never waits
 * for us, but its disk may hang. */
static void wait_for_creation(const struct removal *removal, int *patience)
{
    for (; *patience > 0 && atomic_load(&removal->state) == STATE_CREATING; --*patience)
        (void) RETRY(poll(NULL, 0, 1));
}

/* True: the place says what it says until release_hold. */
static bool hold_armed(struct removal *removal)
{
    int state = atomic_load(&removal->state);
    while (state >= STATE_ARMED) {
        if (atomic_compare_exchange_weak(&removal->state, &state, state + 1))
            return true;
    }
    return false;
}

static void release_hold(struct removal *removal)
{
    (void) atomic_fetch_sub(&removal->state, 1);
}

/* Async-signal-safe: atomics without locks, and of functions only getpid, poll, fstatat
 * and unlinkat, all of which POSIX lists as such, and pthread_setcancelstate, which in
 * both C libraries is a store to the thread's own memory. Places are never freed, and the
 * one that is read here is held by its state, so its owner on another thread waits, and
 * its owner on this thread, interrupted, finds it afterwards as it was. */
void filelike_cleanup(void)
{
    enum { PATIENCE = 1000 }; /* milliseconds, for all of them */
    int saved = errno;
    int patience = PATIENCE;
    struct removal *removal = atomic_load(&places);
    for (; removal != NULL; removal = removal->next) {
        wait_for_creation(removal, &patience);
        if (hold_armed(removal)) {
            unlink_own(removal);
            release_hold(removal);
        }
    }
    errno = saved;
}

/* A destructor runs after the program's own atexit handlers, which may still open files.
 */
__attribute__((destructor)) static void remove_at_exit(void)
{
    filelike_cleanup();
}

void removal_renew(void)
{
    struct removal *removal = atomic_load(&places);
    for (; removal != NULL; removal = removal->next) {
        if (removal_is_armed(removal))
            atomic_store(&removal->state, STATE_ARMED);
        (void) change(removal, STATE_CREATING, STATE_RESERVED);
    }
}
