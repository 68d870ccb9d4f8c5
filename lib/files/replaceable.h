/* Whether a file may be replaced by another. The kernel would tell only when the new file
 * is put in place, after the program has written all of it. */
#ifndef REPLACEABLE_H
#define REPLACEABLE_H

#include "files/target.h"

/* Only a regular file can be replaced by one. 0, or -1 with EISDIR or EINVAL. */
int replaceable_check_type(const struct stat *status);

/* Whether the target's directory takes new names: 0, or -1 with errno, ENOENT if it has
 * been removed. Sets is_append_only. */
int replaceable_check_directory(struct target *target);

/* Whether the file at the target may be written and replaced: 0, or -1 with errno, EBUSY
 * for a mount point, EPERM for an immutable file and its like. */
int replaceable_check(const struct target *target);

#endif
