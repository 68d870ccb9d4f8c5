#include <config.h>

#include "files/directory.h"

#include "base/lock.h"
#include "files/descriptor.h"
#include "files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct directory {
    _Atomic(struct directory *) next;
    unsigned references;
    int descriptor;     /* O_PATH */
    struct stat status; /* identifies the directory */
    char *path;         /* or NULL */
};

/* All directories that are held. A forked child may find the list in the middle of
 * another thread's change, so the list is whole at each moment. */
static struct lock held_lock = LOCK_INITIALIZER;
static _Atomic(struct directory *) held;

/* ---- The list -------------------------------------------------------------------- */

/* The program may have closed the descriptor, and opened another file with its number. A
 * child that was forked while another thread opened the descriptor may have a copy of the
 * list, but not of the descriptor. */
static bool is_open(const struct directory *directory)
{
    struct stat status;
    return RETRY(fstat(directory->descriptor, &status)) == 0 &&
           descriptor_same_file(&status, &directory->status);
}

static struct directory *find_held(const struct stat *status)
{
    struct directory *directory = held;
    while (directory != NULL &&
           !(descriptor_same_file(&directory->status, status) && is_open(directory)))
        directory = directory->next;
    return directory;
}

static struct directory *share_held(const struct stat *status)
{
    lock_acquire(&held_lock);
    struct directory *directory = find_held(status);
    if (directory != NULL)
        directory->references++;
    lock_release(&held_lock);
    return directory;
}

static void add_to_held(struct directory *directory)
{
    lock_acquire(&held_lock);
    directory->next = held;
    held = directory;
    lock_release(&held_lock);
}

/* Drops a reference. True for the last one: the directory is not in the list any more. */
static bool drop_reference(struct directory *directory)
{
    lock_acquire(&held_lock);
    bool is_last = --directory->references == 0;
    if (is_last) {
        _Atomic(struct directory *) *link = &held;
        while (*link != directory)
            link = &(*link)->next;
        *link = directory->next;
    }
    lock_release(&held_lock);
    return is_last;
}

/* ---- One directory --------------------------------------------------------------- */

/* O_PATH, because the directory need not be readable. */
static int open_to_hold(struct directory *directory, const char *path)
{
    directory->descriptor = descriptor_open(AT_FDCWD, path, O_PATH | O_DIRECTORY);
    return directory->descriptor != -1
               ? RETRY(fstat(directory->descriptor, &directory->status))
               : -1;
}

static struct directory *hold_new(const char *path)
{
    struct directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL)
        return NULL;
    if (open_to_hold(directory, path) != 0) {
        descriptor_close(directory->descriptor);
        call_free(directory);
        return NULL;
    }
    directory->references = 1;
    directory->path = path_absolute(path);
    add_to_held(directory);
    return directory;
}

struct directory *directory_hold(const char *path)
{
    struct stat status;
    if (RETRY(fstatat(AT_FDCWD, path, &status, 0)) != 0)
        return NULL;
    struct directory *directory = share_held(&status);
    return directory != NULL ? directory : hold_new(path);
}

void directory_release(struct directory *directory)
{
    if (directory == NULL || !drop_reference(directory))
        return;
    descriptor_close(directory->descriptor);
    call_free(directory->path);
    call_free(directory);
}

int directory_descriptor(const struct directory *directory)
{
    return directory->descriptor;
}

/* ---- Paths ----------------------------------------------------------------------- */

char *directory_path(const struct directory *directory)
{
    return directory->path != NULL ? strdup(directory->path) : NULL;
}

char *directory_path_now(const struct directory *directory)
{
    return path_of_descriptor(directory->descriptor);
}
