#include <config.h>

#include "files/removal.h"

#include "base/call.h"
#include "base/lock.h"
#include "base/process.h"
#include "files/descriptor.h"
#include "files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum state {
    STATE_IDLE,     /* there is no file to remove */
    STATE_CREATING, /* the file may appear at any moment */
    STATE_ARMED     /* the file is to be removed. Each removal_remove_all that is reading
                       the place adds 1, as one may interrupt another. */
};

/* A place for one file. Places are never freed, only used again, so that a signal handler
 * can walk the list at any moment. Directory, name, device and inode change only in
 * STATE_IDLE and STATE_CREATING, and are read only in the other states. */
struct removal {
    struct removal *next;
    _Atomic(struct removal *) next_in_list;
    atomic_int state;
    atomic_uint owner; /* the process_number of the process that created the file */
    int directory;
    bool owns_directory;
    char *name;
    dev_t device;
    ino_t inode;
};

static _Atomic(struct removal *) places;

/* Lists of the places that no caller has. The files of left_places could not be removed
 * when they were released, and are tried again. The lists are separate, because a process
 * may have thousands of places. A list changes by one pointer, so that a forked child
 * finds it whole. */
typedef _Atomic(struct removal *) place_list;

static struct lock places_lock = LOCK_INITIALIZER;
static place_list free_places;
static place_list left_places;
static atomic_int left_count;

/* ---- Places ---------------------------------------------------------------------- */

static struct removal *take_place(place_list *list)
{
    lock_acquire(&places_lock);
    struct removal *removal = *list;
    if (removal != NULL)
        *list = removal->next_in_list;
    lock_release(&places_lock);
    return removal;
}

static void put_place(place_list *list, struct removal *removal)
{
    lock_acquire(&places_lock);
    removal->next_in_list = *list;
    *list = removal;
    lock_release(&places_lock);
}

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

/* Waits for a handler on another thread that is reading the place. A handler on this
 * thread would have returned by now. In a forked child the parent's threads do not exist,
 * so the child does not wait. */
void removal_disarm(struct removal *removal)
{
    if (!is_own(removal))
        atomic_store(&removal->state, STATE_IDLE);
    while (!change_state(removal, STATE_ARMED, STATE_IDLE) && removal_is_armed(removal))
        (void) sched_yield();
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

/* Unlinks the name if it is still that of the file. Returns whether the file is gone from
 * there. */
static bool unlink_own(const struct removal *removal)
{
    int found = is_own(removal) ? removal_find(removal) : 0;
    if (found != 1)
        return found == 0;
    return RETRY(unlinkat(removal->directory, removal->name, 0)) == 0 || errno == ENOENT;
}

static char *whole_path(const struct removal *removal)
{
    return removal->directory == AT_FDCWD
               ? path_absolute(removal->name)
               : path_in(path_of_descriptor(removal->directory), removal->name);
}

/* Both names lead to the same file. */
static void change_name(struct removal *removal, int directory, char *name)
{
    removal_disarm(removal);
    if (name != removal->name)
        free(removal->name);
    removal->name = name;
    removal->directory = directory;
    removal->owns_directory = directory != AT_FDCWD;
    removal_arm(removal);
}

/* Makes the place independent of the directory, which the caller is about to close. It
 * gets an absolute path, or a descriptor of its own if the path is unknown: a descriptor
 * would keep the filesystem from being unmounted. */
static bool become_independent(struct removal *removal)
{
    if (removal->owns_directory || removal->name[0] == '/')
        return true;
    int directory = AT_FDCWD;
    char *name = whole_path(removal);
    if (name == NULL) {
        name = removal->name;
        directory = descriptor_open(removal->directory, ".", O_PATH | O_DIRECTORY);
    }
    if (directory == -1)
        return false;
    change_name(removal, directory, name);
    return true;
}

/* Keeps the place to try again. The number is limited, so that a disk that refuses to
 * remove files does not use up memory. */
static bool leave_for_later(struct removal *removal)
{
    enum { MOST_LEFT = 16 };
    if (left_count >= MOST_LEFT || !become_independent(removal))
        return false;
    left_count++;
    put_place(&left_places, removal);
    return true;
}

static void forget(struct removal *removal)
{
    removal_disarm(removal);
    free(removal->name);
    removal->name = NULL;
    if (removal->owns_directory)
        descriptor_close(removal->directory);
    removal->owns_directory = false;
    put_place(&free_places, removal);
}

/* Disarms the place only after the file is gone, so that the file cannot escape if the
 * process is killed in between. */
static void release(struct removal *removal)
{
    bool is_gone = !removal_is_armed(removal) || unlink_own(removal);
    if (is_gone || !leave_for_later(removal))
        forget(removal);
}

void removal_release(struct removal *removal)
{
    if (removal != NULL)
        KEEPING_ERRNO(release(removal));
}

static void retry_one_left(void)
{
    struct removal *removal = left_count > 0 ? take_place(&left_places) : NULL;
    if (removal == NULL)
        return;
    left_count--;
    removal_release(removal);
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

struct removal *removal_reserve(void)
{
    retry_one_left();
    struct removal *removal = take_place(&free_places);
    if (removal != NULL)
        return removal;
    removal = calloc(1, sizeof *removal);
    if (removal == NULL)
        return NULL;
    removal->next = atomic_load(&places);
    while (!atomic_compare_exchange_weak(&places, &removal->next, removal))
        continue;
    return removal;
}

/* The state is set before the end of the process is checked. So either the check fails,
 * or end_process finds the state and waits. */
int removal_begin_creation(struct removal *removal, sigset_t *signals)
{
    call_hold_signals(signals);
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

/* ---- Removing all ---------------------------------------------------------------- */

/* A thread that is creating a file never waits for this one, but its disk may hang. So
 * the time is limited to *PATIENCE milliseconds for all files. */
static void wait_for_creation(const struct removal *removal, int *patience)
{
    for (; *patience > 0 && atomic_load(&removal->state) == STATE_CREATING; --*patience)
        (void) RETRY(poll(NULL, 0, 1));
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

/* Async-signal-safe. It uses lock-free atomics, and calls only poll, fstatat, unlinkat
 * and, if process.c has no page, getpid, which POSIX lists as async-signal-safe. Places
 * are never freed. The state holds the place that is read here: its owner on another
 * thread waits, and its owner on this thread, which was interrupted, finds the place
 * unchanged. */
void removal_remove_all(void)
{
    enum { PATIENCE = 1000 }; /* milliseconds, for all of them */
    int patience = PATIENCE;
    struct removal *removal = atomic_load(&places);
    for (; removal != NULL; removal = removal->next) {
        if (!is_own(removal))
            continue;
        wait_for_creation(removal, &patience);
        if (hold_armed(removal)) {
            (void) unlink_own(removal);
            release_hold(removal);
        }
    }
}

/* A destructor runs after the program's own atexit handlers, which may still open files.
 */
__attribute__((destructor)) static void end_process(void)
{
    process_begin_ending();
    removal_remove_all();
}
