#include <config.h>

#include "files/place.h"

#include "base/call.h"
#include "base/lock.h"
#include "base/process.h"
#include "files/descriptor.h"
#include "files/path.h"

#include <fcntl.h>
#include <stdlib.h>

/* All places. */
static _Atomic(struct removal *) all_places;

/* Lists of the places that no caller has. The files of left_places could not be removed
 * when they were released, and are tried again. The lists are separate, because a process
 * may have thousands of places. A list changes by one pointer, so that a forked child
 * finds it whole. */
typedef _Atomic(struct removal *) place_list;

static struct lock places_lock = LOCK_INITIALIZER;
static place_list free_places;
static place_list left_places;
static atomic_int left_count;

/* ---- Lists ----------------------------------------------------------------------- */

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

/* ---- Releasing ------------------------------------------------------------------- */

static char *whole_path(const struct removal *removal)
{
    return removal->directory == AT_FDCWD
               ? path_absolute(removal->name)
               : path_in(path_of_descriptor(removal->directory), removal->name);
}

/* Makes the place independent of the directory, which the caller is about to close. It
 * gets an absolute path, or a descriptor of its own if the path is unknown: a descriptor
 * would keep the filesystem from being unmounted. */
static bool become_independent(struct removal *removal)
{
    if (removal->owns_directory || removal->name[0] == '/')
        return true;
    char *path = whole_path(removal);
    int directory = path != NULL
                        ? AT_FDCWD
                        : descriptor_open(removal->directory, ".", O_PATH | O_DIRECTORY);
    if (directory == -1)
        return false;
    removal_disarm(removal);
    if (path != NULL) {
        free(removal->name);
        removal->name = path;
    }
    removal->directory = directory;
    removal->owns_directory = path == NULL;
    removal_arm(removal);
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
    bool is_gone = !removal_is_armed(removal) || removal_unlink(removal);
    if (is_gone || !leave_for_later(removal))
        forget(removal);
}

void removal_release(struct removal *removal)
{
    if (removal != NULL)
        KEEPING_ERRNO(release(removal));
}

/* ---- Reserving ------------------------------------------------------------------- */

static void retry_one_left(void)
{
    struct removal *removal = left_count > 0 ? take_place(&left_places) : NULL;
    if (removal == NULL)
        return;
    left_count--;
    removal_release(removal);
}

struct removal *removal_reserve(void)
{
    retry_one_left();
    struct removal *removal = take_place(&free_places);
    if (removal != NULL)
        return removal;
    removal = calloc(1, sizeof *removal);
    if (removal == NULL)
        return NULL;
    removal->next = atomic_load(&all_places);
    while (!atomic_compare_exchange_weak(&all_places, &removal->next, removal))
        continue;
    return removal;
}

/* ---- Removing all ---------------------------------------------------------------- */

/* Async-signal-safe. It uses lock-free atomics, and calls only poll, fstatat, unlinkat
 * and, if process.c has no page, getpid, which POSIX lists as async-signal-safe. Places
 * are never freed. The state holds the place that is read here: its owner on another
 * thread waits, and its owner on this thread, which was interrupted, finds the place
 * unchanged. */
void removal_remove_all(void)
{
    enum { PATIENCE = 1000 }; /* milliseconds, for all of them */
    int patience = PATIENCE;
    struct removal *removal = atomic_load(&all_places);
    for (; removal != NULL; removal = removal->next)
        removal_remove_now(removal, &patience);
}

/* A destructor runs after the program's own atexit handlers, which may still open files.
 */
__attribute__((destructor)) static void end_process(void)
{
    process_begin_ending();
    removal_remove_all();
}
