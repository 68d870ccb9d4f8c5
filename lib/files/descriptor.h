/* System calls on descriptors, without short transfers. */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include "base/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ---- Making them ---------------------------------------------------------------------
 *
 * Every descriptor of the library comes from here. It is close-on-exec and none of 0, 1
 * and 2: where the program has closed those, what it prints would go into a file of ours.
 * -1 with errno. */

/* Read and write for the owner alone: the mode of new files, unless a caller asks for
 * another. */
enum { PRIVATE_MODE = 0600 };

/* PATH, from DIRECTORY on, opened with FLAGS; it exists. */
int descriptor_open(int directory, const char *path, int flags);

/* A new file NAME, from DIRECTORY on, EEXIST where there is one. ACCESS is O_RDWR or
 * O_WRONLY, and MODE is less the umask. On failure there is no such file. */
int descriptor_create(int directory, const char *name, int access, mode_t mode);

/* A new file without a name in the directory PATH, from DIRECTORY on. */
int descriptor_create_nameless(int directory, const char *path, int access, mode_t mode);

/* Whether ERROR, of the function before, may mean that the filesystem or the kernel knows
 * no such files. It is asked each time: what holds for one directory says nothing of
 * another. */
bool descriptor_nameless_unsupported(int error);

/* Gives the file of DESCRIPTOR, which may have no name, the name NAME from DIRECTORY on.
 * 0, or -1 with errno, EEXIST where there is such a file. */
int descriptor_link(int descriptor, int directory, const char *name);

/* A new memory file of the kernel with these PERMISSIONS; 0: those that it gives. */
int descriptor_create_in_memory(mode_t permissions);

/* A second one that shares offset and flags with DESCRIPTOR. */
int descriptor_duplicate(int descriptor);

/* ---- Using them ----------------------------------------------------------------------
 */

/* As pread, but short only at the end of the file. */
ssize_t descriptor_pread(int descriptor, void *buffer, size_t size, int64_t position);

/* As read, but short only at the end of the file, or before an error. */
ssize_t descriptor_read(int descriptor, void *buffer, size_t size);

/* All SIZE bytes at POSITION, or -1; *WRITTEN tells how many the file took. */
int descriptor_pwrite(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written);

/* The same also where DESCRIPTOR appends, of which pwrite ignores the position; ENOTSUP
 * where the system cannot (before Linux 6.9). */
int descriptor_pwrite_noappend(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written);

/* The same at the descriptor's offset, as write. */
int descriptor_write(int descriptor, const void *data, size_t size, size_t *written);

/* Appends, in one step for all who append to the file, what the system takes of SIZE
 * bytes. Their number, or -1; ENOTSUP where the system cannot. */
ssize_t descriptor_append(int descriptor, const void *data, size_t size);

/* Whether both are of one file. */
bool descriptor_same_file(const struct stat *one, const struct stat *other);

/* The size of the file in bytes, or -1 with errno. */
int64_t descriptor_size(int descriptor);
int descriptor_truncate(int descriptor, int64_t size);

/* Closes DESCRIPTOR. 0, or -1 with errno where that tells of a write that the system had
 * put off and has lost. */
int descriptor_close_checked(int descriptor);

/* The same, unless it is -1, where nobody asks; leaves errno as it is. */
void descriptor_close(int descriptor);

/* DESCRIPTOR itself, or in *OPENED (else -1) a new one for the same file where that one
 * may not read. -1 with errno. */
int descriptor_obtain_readable(int descriptor, int *opened);

/* The path "/proc/PID/fd/N" of a descriptor: 0, or -1 with ENOTSUP where there is no
 * /proc. The second writes "/proc/self/fd/N", and the third does if there is one. */
#define PROC_PATH_SIZE (sizeof "/proc//fd/" + 6 * sizeof(int))
int descriptor_proc_path(int descriptor, char path[PROC_PATH_SIZE]);
void descriptor_proc_self_path(int descriptor, char path[PROC_PATH_SIZE]);
int descriptor_find_proc_self_path(int descriptor, char path[PROC_PATH_SIZE]);

/* A new open file description for the file of DESCRIPTOR, which may have no name; ACCESS
 * is O_RDONLY, O_WRONLY or O_RDWR. -1 with errno, ENOTSUP where there is no /proc. */
int descriptor_open_again(int descriptor, int access);

/* The same, or where that cannot be a duplicate of DESCRIPTOR, which then shares its
 * offset; never in append mode. */
int descriptor_open_or_duplicate(int descriptor, int access);

#endif
