/* What a file's filesystem lets it be. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

/* 1 for a memory file of the kernel, memfd_create's, 0 for any other file, on tmpfs too;
 * or -1 with errno. */
int filesystem_in_memory(int descriptor);

/* 0 where the kernel tells the size of the file; -1 with ENOTSUP where it does not, as of
 * those that it writes at the moment that they are read. */
int filesystem_check_size(int descriptor);

#endif
