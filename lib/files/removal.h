/* The files that this process removes when it ends, or when it calls filelike_cleanup.
 *
 * No file escapes. It is created with all signals blocked, and filelike_cleanup, which
 * may run in a signal handler on another thread, waits for creations that have begun. */
#ifndef REMOVAL_H
#define REMOVAL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

struct removal;

/* A place for one file. NULL with ENOMEM. */
struct removal *removal_reserve(void);

/* Begins and ends the creation of a file. removal_set comes in between.
 * removal_begin_creation returns 0, or -1 with ECANCELED if the end of the process has
 * begun: then there is no creation to end. */
int removal_begin_creation(struct removal *removal, sigset_t *signals);
void removal_end_creation(struct removal *removal, const sigset_t *signals);

/* Tells which file was created, and turns its removal on. The file is NAME in DIRECTORY,
 * or in AT_FDCWD with an absolute NAME. Device and inode of STATUS identify it. NAME is
 * allocated by malloc, and belongs to the removal from now on. DIRECTORY stays the
 * caller's, and open until the release. */
void removal_set(
    struct removal *removal, int directory, char *name, const struct stat *status);

/* Turn the removal of the file on and off. */
void removal_arm(struct removal *removal);
void removal_disarm(struct removal *removal);
bool removal_is_armed(const struct removal *removal);

/* Removes the file if the removal is armed, this process created the file, and the name
 * is still that of the file. Gives the place back and keeps errno. An unlink that fails
 * is tried again by a later removal_reserve, by filelike_cleanup and at exit. NULL is
 * ignored. */
void removal_release(struct removal *removal);

/* Removes a file that this process has just created, without a look at what has the name
 * now: nobody else knows the name. 0, also if the file is gone already; or -1 with errno,
 * and the release will try again. */
int removal_undo(struct removal *removal);

/* Removes all files of this process that are armed. Async-signal-safe, but for errno. */
void removal_remove_all(void);

/* Whether the name is still that of the file: 1 or 0, or -1 with errno. */
int removal_find(const struct removal *removal);

/* The arguments of removal_set. The name is valid until the release. */
const char *removal_name(const struct removal *removal);
int removal_directory(const struct removal *removal);

#endif
