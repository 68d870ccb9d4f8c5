#include <config.h>

#include "files/removal.h"

#include "base/call.h"
#include "base/process.h"
#include "files/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum state {
    STATE_IDLE,     /* there is no file to remove */
    STATE_CREATING, /* the file may appear at any moment */
    STATE_ARMED     /* the file is to be removed. Each removal_remove_all that is reading
                       the place adds 1, as one may interrupt another. */
};

/* ---- The file of a place --------------------------------------------------------- */

static bool change_state(struct removal *removal, int from, int to)
{
    return atomic_compare_exchange_strong(&removal->state, &from, to);
}

static bool is_own(const struct removal *removal)
{
    return atomic_load(&removal->owner) == process_number();
}

void removal_set(
    struct removal *removal, int directory, char *name, const struct stat *status)
{
    removal->directory = directory;
    removal->name = name;
    removal->device = status->st_dev;
    removal->inode = status->st_ino;
    removal_arm(removal);
}

const char *removal_name(const struct removal *removal)
{
    return removal->name;
}

int removal_directory(const struct removal *removal)
{
    return removal->directory;
}

void removal_arm(struct removal *removal)
{
    if (!change_state(removal, STATE_IDLE, STATE_ARMED))
        (void) change_state(removal, STATE_CREATING, STATE_ARMED);
}

/* Changes an armed state to STATE. Waits for a handler on another thread that is reading
 * the place. A handler on this thread would have returned by now. In a forked child the
 * parent's threads do not exist, so the child does not wait. */
static void end_armed(struct removal *removal, int state)
{
    if (!is_own(removal))
        atomic_store(&removal->state, STATE_IDLE);
    while (!change_state(removal, STATE_ARMED, state) && removal_is_armed(removal))
        (void) sched_yield();
}

void removal_disarm(struct removal *removal)
{
    end_armed(removal, STATE_IDLE);
}

bool removal_is_armed(const struct removal *removal)
{
    return atomic_load(&removal->state) >= STATE_ARMED;
}

/* ---- Removing -------------------------------------------------------------------- */

int removal_find(const struct removal *removal)
{
    struct stat status;
    if (RETRY(fstatat(removal->directory, removal->name, &status, AT_SYMLINK_NOFOLLOW)) !=
        0)
        return errno == ENOENT ? 0 : -1;
    return status.st_dev == removal->device && status.st_ino == removal->inode;
}

bool removal_unlink(const struct removal *removal)
{
    int found = is_own(removal) ? removal_find(removal) : 0;
    if (found != 1)
        return found == 0;
    return RETRY(unlinkat(removal->directory, removal->name, 0)) == 0 || errno == ENOENT;
}

int removal_undo(struct removal *removal)
{
    if (is_own(removal) && RETRY(unlinkat(removal->directory, removal->name, 0)) != 0 &&
        errno != ENOENT)
        return -1;
    removal_disarm(removal);
    return 0;
}

/* ---- Creating -------------------------------------------------------------------- */

/* The state is set before the end of the process is checked. So either the check fails,
 * or end_process finds the state and waits. */
int removal_begin_creation(struct removal *removal, sigset_t *signals)
{
    call_hold_signals(signals);
    end_armed(removal, STATE_CREATING);
    atomic_store(&removal->owner, process_number());
    atomic_store(&removal->state, STATE_CREATING);
    if (process_check_end() == 0)
        return 0;
    removal_end_creation(removal, signals);
    return -1;
}

void removal_end_creation(struct removal *removal, const sigset_t *signals)
{
    (void) change_state(removal, STATE_CREATING, STATE_IDLE);
    call_release_signals(signals);
}

/* ---- Removing at the end --------------------------------------------------------- */

/* A thread that is creating a file never waits for this one, but its disk may hang. So
 * the time is limited to *PATIENCE milliseconds for all files. A sleep that a signal
 * interrupts is not repeated, because a timer may interrupt each one. */
static void wait_for_creation(const struct removal *removal, int *patience)
{
    for (; *patience > 0 && atomic_load(&removal->state) == STATE_CREATING; --*patience)
        (void) poll(NULL, 0, 1);
}

/* Adds 1 to an armed state, so that the place does not change until release_hold. False
 * if the place is not armed. */
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

void removal_remove_now(struct removal *removal, int *patience)
{
    if (!is_own(removal))
        return;
    wait_for_creation(removal, patience);
    if (hold_armed(removal)) {
        (void) removal_unlink(removal);
        release_hold(removal);
    }
}
