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
    STATE_IDLE,     /* nobody's; or somebody's, but its file, if it has one, stays */
    STATE_CREATING, /* the same, and its file may appear at any moment */
    STATE_ARMED     /* its file is to be removed; and one more for each filelike_cleanup
                       that is reading it, as one may interrupt another */
};

/* Places are never freed, only used again, so that a handler can walk the list at any
 * moment. What a place says is changed in STATE_IDLE and STATE_CREATING only, and read in
 * the others. */
struct removal {
    struct removal *next;
    _Atomic(struct removal *) next_in_list;
    atomic_int state;
    atomic_uint owner; /* the process_number of who created the file */
    int directory;
    bool owns_directory;
    char *name;
    dev_t device;
    ino_t inode;
};

static _Atomic(struct removal *) places;

/* Places that no caller has: free ones, and those whose file could not be removed when it
 * was released, which is tried again. They are lists of their own, as a process may have
 * thousands of places. A list changes by one pointer, so that a forked child finds it
 * whole. */
typedef _Atomic(struct removal *) place_list;

static struct lock places_lock = LOCK_INITIALIZER;
static place_list free_places;
static place_list left_places;
static atomic_int left_count;

/* ---- Places --------------------------------------------------------------------------
 */

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
    free(removal->name);
    removal->directory = directory;
    removal->name = name;
    removal->device = status->st_dev;
    removal->inode = status->st_ino;
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

/* A handler on another thread may just be reading the place, but not one on this thread;
 * and in a forked child none that its parent had. */
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

/* ---- Removing ------------------------------------------------------------------------
 */

/* Whether nothing of ours is left there. Another file that has meanwhile taken the name
 * is not ours to remove. */
static bool unlink_own(const struct removal *removal)
{
    struct stat status;
    if (!is_own(removal))
        return true;
    if (RETRY(fstatat(removal->directory, removal->name, &status, AT_SYMLINK_NOFOLLOW)) !=
        0)
        return errno == ENOENT;
    if (status.st_dev != removal->device || status.st_ino != removal->inode)
        return true;
    return RETRY(unlinkat(removal->directory, removal->name, 0)) == 0 || errno == ENOENT;
}

static char *whole_path(const struct removal *removal)
{
    return removal->directory == AT_FDCWD
               ? path_absolute(removal->name)
               : path_in(path_of_descriptor(removal->directory), removal->name);
}

/* NAME, in DIRECTORY, leads to the same file as what is there now. */
static void say_where(struct removal *removal, int directory, char *name)
{
    removal_disarm(removal);
    if (name != removal->name)
        free(removal->name);
    removal->name = name;
    removal->directory = directory;
    removal->owns_directory = directory != AT_FDCWD;
    removal_arm(removal);
}

/* Makes it do without the directory that the caller is about to close. A descriptor of
 * its own would keep the filesystem from being unmounted, so it gets a path where one is
 * to be had. */
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
    say_where(removal, directory, name);
    return true;
}

/* A disk that refuses to remove files takes no more memory than for a few. */
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

/* The file goes before the place is disarmed: no moment in between lets it escape. */
static void release(struct removal *removal)
{
    bool is_gone = !removal_is_armed(removal) || unlink_own(removal);
    if (is_gone || !leave_for_later(removal))
        forget(removal);
}

void removal_release(struct removal *removal)
{
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
    int status =
        is_own(removal) ? RETRY(unlinkat(removal->directory, removal->name, 0)) : 0;
    bool is_gone = status == 0 || errno == ENOENT;
    bool is_left = false;
    if (!is_gone)
        KEEPING_ERRNO(is_left = become_independent(removal));
    if (!is_left)
        removal_disarm(removal);
    return is_gone ? 0 : -1;
}

/* ---- Creating ------------------------------------------------------------------------
 */

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

/* The state comes first, and then the question whether the process ends: so either the
 * answer is yes, or what removes files at the end finds the state. */
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

/* ---- Removing all --------------------------------------------------------------------
 */

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

/* Async-signal-safe: atomics without locks, and of functions only poll, fstatat, unlinkat
 * and, without the page of process.c, getpid, all of which POSIX lists as such, and
 * pthread_setcancelstate, which in both C libraries is a store to the thread's own
 * memory. Places are never freed, and the one that is read here is held by its state, so
 * its owner on another thread waits, and its owner on this thread, interrupted, finds it
 * afterwards as it was. */
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
