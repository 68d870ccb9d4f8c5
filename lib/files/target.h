/* The place that a path names for a file: a directory, held open, and a name in it. All
 * symbolic links have been followed. */
#ifndef TARGET_H
#define TARGET_H

#include "files/attributes.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

struct target {
    int directory;       /* O_RDONLY, or O_PATH if the directory cannot be read */
    char *name;          /* in the directory */
    int file;            /* the file with that name, O_PATH; -1: there is none */
    struct stat status;  /* of that file */
    unsigned maker;      /* process_number of the process that called target_init */
    bool is_append_only; /* names in the directory cannot be removed (chattr +a) */
};

/* Resolves PATH and looks at the file there. With FILELIKE_NOREPLACE in FLAGS a link at
 * the end of PATH is not followed. 0, or -1 with errno:
 *
 *   EEXIST     FLAGS holds FILELIKE_NOREPLACE, and PATH exists
 *   EINVAL     PATH is a device, a pipe or a socket
 *   EBUSY      PATH is a mount point
 *   EPERM      PATH may be written, but not replaced
 *   ECANCELED  the end of the process has begun
 *   others     as open(2) with O_CREAT and O_WRONLY */
int target_init(struct target *target, const char *path, unsigned flags);
void target_finish(struct target *target);

/* Looks again for a regular file that may be written. If the name now stands for anything
 * else, the target counts as empty. 0, or -1 with errno. */
int target_refresh(struct target *target);

/* Whether the last look found a file. */
bool target_exists(const struct target *target);

/* Whether it found the file of STATUS. */
bool target_is_file(const struct target *target, const struct stat *status);

/* Closes the descriptor of the file that was found. The target counts as empty then. */
void target_close_file(struct target *target);

/* Opens the file that is at the target now, to read it. A descriptor, or -1 with errno.
 */
int target_open(const struct target *target);

/* Reads the attributes of the file that the last look found. 0, or -1 with errno. */
int target_attributes(const struct target *target, struct attributes *attributes);

/* 1 if NAME, relative to DIRECTORY, is another name than the target's, 0 if it is the
 * same, or -1 with errno. */
int target_is_other_name(const struct target *target, int directory, const char *name);

/* An absolute path that leads to the file of the descriptor FILE, which is at the target
 * now. PATH is the argument of target_init. Allocated by malloc, or NULL. */
char *target_path(const struct target *target, const char *path, int file);

/* Begins the step that puts a file at the target. All signals are blocked, so no handler
 * forks in the middle of it. The step ends with call_release_signals. 0, or -1 with no
 * signal blocked: ECHILD in a child of the process that called target_init, ECANCELED
 * once the end of the process has begun. */
int target_begin_publishing(const struct target *target, sigset_t *signals);

/* Waits until FILE, a descriptor of the file at the target, is on disk with its name. If
 * the directory cannot be read, its whole filesystem is synced. Does nothing if FLAGS
 * holds FILELIKE_NOSYNC. 0, or -1 with errno. *IS_LOST: the file itself failed, so bytes
 * of it may be lost. */
int target_sync(const struct target *target, int file, unsigned flags, bool *is_lost);

#endif
