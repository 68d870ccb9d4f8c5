/* A path to put a file at: its directory, held open, and the name in there, all symbolic
 * links followed. */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

struct target {
    int directory; /* O_RDONLY, or O_PATH where the directory cannot be read */
    char *path;    /* absolute */
    char *name;    /* the end of path */
    bool exists;   /* when target_look was called last */
    struct stat status;
};

/* Resolves PATH and looks at it; PATH is to be replaced, unless FLAGS hold
 * FILELIKE_NOREPLACE. 0, or -1 with errno: what the directory says; EEXIST where PATH may
 * not be replaced, as it exists, if only as a symbolic link; EISDIR where it is a
 * directory, EINVAL where it is a device, a pipe or a socket. */
int target_init(struct target *target, const char *path, unsigned flags);
void target_finish(struct target *target);

/* Sets exists and status anew. 0, or -1 with errno. */
int target_look(struct target *target);

/* Whether PATH, an absolute one, is surely not the target's name but another. */
bool target_is_elsewhere(const struct target *target, const char *path);

/* Waits until the directory is on disk. 0, or -1. */
int target_sync(const struct target *target);

#endif
