/* Mounts of a process's own, which other processes do not see. Needs no test framework.
 */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>

/* Enters a namespace whose mounts only this process and its children see. False with
 * errno if that is not permitted. */
bool mounts_begin(void);

/* Mounts a filesystem in memory over DIRECTORY, with OPTIONS as mount takes them. */
bool mount_memory(const char *directory, const char *options);

/* Remounts such a filesystem read-only. */
bool mount_read_only(const char *directory);

/* Unmounts it. */
bool unmount(const char *directory);

#endif
