/* Questions about a file that its filesystem answers. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

#include <stdbool.h>

/* 1 for a memory file of the kernel (memfd_create), 0 for any other file, also on tmpfs,
 * -1 with errno. */
int filesystem_in_memory(int descriptor);

/* Whether the kernel tells the size of the file: 0, or -1 with ENOTSUP for files that the
 * kernel writes at the moment when they are read, as in /proc. */
int filesystem_check_size(int descriptor);

/* Whether the two files are known to be in different mounts. Then neither can be linked
 * or renamed to the directory of the other. False also if the kernel does not tell. */
bool filesystem_is_other_mount(int one, int other);

#endif
