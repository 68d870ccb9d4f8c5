/* A path to put a file at: its directory, held open, and the name in there, all symbolic
 * links followed. */
#ifndef TARGET_H
#define TARGET_H

#include "files/attributes.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

struct target {
    int directory; /* O_RDONLY, or O_PATH where the directory cannot be read */
    char *name;    /* in the directory */
    int file;      /* O_PATH, what has the name; -1: target_refresh has found nothing */
    struct stat status;  /* of that */
    unsigned maker;      /* process_number of who called target_init */
    bool is_append_only; /* names in the directory cannot be removed (chattr +a) */
};

/* Resolves PATH, without following a link at its end where FLAGS hold FILELIKE_NOREPLACE,
 * and looks at what is there. 0, or -1 with errno: what open(2) with O_CREAT and O_WRONLY
 * says; EINVAL for a device, a pipe or a socket; EEXIST for anything where FLAGS hold
 * FILELIKE_NOREPLACE; ECANCELED once the end of the process has begun; EBUSY for a mount
 * point, and EPERM for what else can be written,
 * but not replaced. */
int target_init(struct target *target, const char *path, unsigned flags);
void target_finish(struct target *target);

/* Looks anew, for a regular file that may be written: anything else that the name has
 * come to stand for counts as nothing. 0, or -1 with errno. */
int target_refresh(struct target *target);

/* Whether target_refresh has found a file; and the file of STATUS. */
bool target_exists(const struct target *target);
bool target_is_file(const struct target *target, const struct stat *status);

/* Closes FILE: nothing counts as being there then. */
void target_close_file(struct target *target);

/* A descriptor to read what is at the target now, or -1 with errno. */
int target_open(const struct target *target);

/* What the file that target_refresh has found is like. 0, or -1 with errno. */
int target_attributes(const struct target *target, struct attributes *attributes);

/* Whether it is known that the file of DESCRIPTOR cannot be moved to the directory, nor
 * linked there: it is in another mount. */
bool target_is_in_other_mount(const struct target *target, int descriptor);

/* Whether NAME, from DIRECTORY on, is surely another name than the target's. */
bool target_is_other_name(const struct target *target, int directory, const char *name);

/* An absolute path that leads to the file of STATUS, which is at the target now; PATH is
 * the one of target_init. A block of malloc's, or NULL. */
char *target_path(
    const struct target *target, const char *path, const struct stat *status);

/* Around the step that puts a file there, with all signals held: so no handler forks in
 * the middle of it. It ends with call_release_signals. -1, and nothing is held, with
 * ECHILD in a child of the process that called target_init, and with ECANCELED once the
 * end of the process has begun. */
int target_begin_publishing(const struct target *target, sigset_t *signals);

/* Waits until the directory is on disk, or all of its filesystem where the directory may
 * not be read; FILE is a descriptor of the file at the target. 0, or -1. */
int target_sync(const struct target *target, int file);

#endif
