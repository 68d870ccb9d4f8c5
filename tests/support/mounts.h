/* Filesystems of a process's own, that nobody else sees. Needs no test framework. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>

/* Goes where mounts are for this process and its children alone. False with errno where
 * that is not permitted. */
bool mounts_begin(void);

/* A filesystem in memory over DIRECTORY, with OPTIONS as mount takes them. */
bool mount_memory(const char *directory, const char *options);

/* Makes one that was mounted read-only. */
bool mount_read_only(const char *directory);

/* Takes it away again. */
bool unmount(const char *directory);

#endif
