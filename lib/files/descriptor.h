/* System calls on descriptors. None of them is interrupted by a signal, or transfers less
 * than it could. */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include "base/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ---- Making descriptors --------------------------------------------------------------
 *
 * Every descriptor of the library comes from these functions. It is close-on-exec, and
 * not 0, 1 or 2. If the program has closed one of those, what it prints would else go
 * into a file of the library. Each function returns -1 with errno on failure. */

/* Read and write for the owner alone: the mode of new files, unless a caller asks for
 * another. */
enum { PRIVATE_MODE = 0600 };

/* Opens PATH, which exists, relative to DIRECTORY. */
int descriptor_open(int directory, const char *path, int flags);

/* Creates the file NAME in DIRECTORY, or fails with EEXIST. ACCESS is O_RDWR or O_WRONLY.
 * The umask applies to MODE. After a failure there is no such file. */
int descriptor_create(int directory, const char *name, int access, mode_t mode);

/* Creates a file without a name in the directory PATH, relative to DIRECTORY. */
int descriptor_create_nameless(int directory, const char *path, int access, mode_t mode);

/* Whether ERROR of descriptor_create_nameless may mean that the filesystem or the kernel
 * does not support such files. That may differ from directory to directory. */
bool descriptor_nameless_unsupported(int error);

/* Links the file of DESCRIPTOR, which may have no name, to NAME in DIRECTORY. 0, or -1
 * with errno: EEXIST if there is such a file. */
int descriptor_link(int descriptor, int directory, const char *name);

/* Creates a memory file of the kernel. ACCESS is O_RDONLY, O_WRONLY or O_RDWR; all but
 * the last need /proc. PERMISSIONS 0 leaves those that the kernel gives. */
int descriptor_create_in_memory(int access, mode_t permissions);

/* Duplicates DESCRIPTOR. Both share offset and flags. */
int descriptor_duplicate(int descriptor);

/* ---- Size, identity and end ------------------------------------------------------ */

/* Whether both are the status of the same file. */
bool descriptor_same_file(const struct stat *one, const struct stat *other);

/* Whether no name leads to the file. */
bool descriptor_is_nameless(int descriptor);

/* The size of the file in bytes, or -1 with errno. */
int64_t descriptor_size(int descriptor);
int descriptor_truncate(int descriptor, int64_t size);

/* Closes DESCRIPTOR. 0, or -1 with the errno of a write that the system had delayed and
 * then lost. */
int descriptor_close_checked(int descriptor);

/* Closes DESCRIPTOR, unless it is -1, and keeps errno. */
void descriptor_close(int descriptor);

/* ---- Reading and writing: descriptor_transfer.c ---------------------------------- */

/* As pread, but the count is short only at the end of the file. */
ssize_t descriptor_pread(int descriptor, void *buffer, size_t size, int64_t position);

/* As read, but the count is short only at the end of the file or before an error. */
ssize_t descriptor_read(int descriptor, void *buffer, size_t size);

/* Writes all SIZE bytes at POSITION. 0, or -1 with errno. *WRITTEN is the number of bytes
 * written, also after a failure. */
int descriptor_pwrite(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written);

/* The same, also if DESCRIPTOR has O_APPEND: then pwrite ignores the position. ENOTSUP if
 * the kernel cannot do that (before Linux 6.9). */
int descriptor_pwrite_noappend(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written);

/* The same at the offset of the descriptor, as write. */
int descriptor_write(int descriptor, const void *data, size_t size, size_t *written);

/* Takes back what a failed write has added between SIZE and END. If END is no longer the
 * end, somebody else has written behind it, and nothing is cut. Keeps errno. */
void descriptor_take_back(int descriptor, int64_t end, int64_t size);

/* Appends what the system takes of SIZE bytes, in one step for all who append to the
 * file. Returns their number, or -1. A system that cannot do so writes at END. */
ssize_t descriptor_append(int descriptor, const void *data, size_t size, int64_t end);

/* ---- Through /proc: descriptor_proc.c -------------------------------------------- */

/* The path of a descriptor in /proc: "/proc/PID/fd/N" for other processes, or
 * "/proc/self/fd/N". descriptor_proc_self_path does not check whether there is a /proc.
 * The others return 0, or -1 with ENOTSUP if there is none. */
#define PROC_PATH_SIZE (sizeof "/proc//fd/" + 6 * sizeof(int))
int descriptor_proc_path(int descriptor, char path[PROC_PATH_SIZE]);
void descriptor_proc_self_path(int descriptor, char path[PROC_PATH_SIZE]);
int descriptor_find_proc_self_path(int descriptor, char path[PROC_PATH_SIZE]);

/* Opens the file of DESCRIPTOR again, which may have no name. The new descriptor has an
 * offset of its own. ACCESS is O_RDONLY, O_WRONLY or O_RDWR. -1 with errno: ENOTSUP if
 * there is no /proc. */
int descriptor_open_again(int descriptor, int access);

/* The same. If that fails, a duplicate of DESCRIPTOR, which shares its offset; but no
 * duplicate of one with O_APPEND. */
int descriptor_open_or_duplicate(int descriptor, int access);

/* A descriptor that can read: DESCRIPTOR itself, or one that is opened for the same file.
 * *OPENED is that new descriptor, or -1. -1 with errno. */
int descriptor_obtain_readable(int descriptor, int *opened);

#endif
