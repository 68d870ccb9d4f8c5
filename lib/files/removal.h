/* The files that this process removes when it ends, or when its signal handler says so.
 *
 * No file escapes: it is created with all signals held back, and filelike_cleanup, which
 * may run in a handler on another thread, waits for creations that are under way. */
#ifndef REMOVAL_H
#define REMOVAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

struct removal;

/* A place for one file. NULL with ENOMEM. */
struct removal *removal_reserve(void);

/* Around the creation of a file, up to removal_set and removal_arm. The first is -1 with
 * ECANCELED, and nothing begun, once the end of the process has. */
int removal_begin_creation(struct removal *removal, sigset_t *signals);
void removal_end_creation(struct removal *removal, const sigset_t *signals);

/* The file that was created: NAME, as unlinkat would take it, in DIRECTORY (AT_FDCWD with
 * an absolute NAME), with STATUS to know it by. NAME is a block of malloc's, and belongs
 * to the removal now. DIRECTORY stays the caller's and open until the removal is
 * released. */
void removal_set(
    struct removal *removal, int directory, char *name, const struct stat *status);

/* Whether the file is to be removed; it is not at first. */
void removal_arm(struct removal *removal);
void removal_disarm(struct removal *removal);
bool removal_is_armed(const struct removal *removal);

/* Removes the file now where it is armed, in the process that created it and while the
 * name is still that file's; leaves errno as it is. Gives the place back. A removal that
 * fails is tried again with a later removal_reserve, by filelike_cleanup and at exit. */
void removal_release(struct removal *removal);

/* Removes the file now, whether or not the name is still that file's, for the process
 * that has just made it and told nobody. It may be removed already. 0, and the place is
 * as removal_reserve gave it; or -1 with errno, and the release will try again. */
int removal_undo(struct removal *removal);

/* Removes all files of this process that are armed. Async-signal-safe, but for errno. */
void removal_remove_all(void);

/* NAME, valid until the release, and DIRECTORY. */
const char *removal_name(const struct removal *removal);
int removal_directory(const struct removal *removal);

#endif
