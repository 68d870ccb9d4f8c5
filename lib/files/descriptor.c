#include <config.h>

#include "files/descriptor.h"

#include "base/call.h"
#include "files/extended.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* the kernel's, since 6.3 */
#define MFD_EXEC 16u
#endif

/* ---- Making descriptors ---------------------------------------------------------- */

/* Exchanges a descriptor 0, 1 or 2 for a higher one. */
static int above_standard(int descriptor)
{
    if (descriptor == -1 || descriptor > STDERR_FILENO)
        return descriptor;
    int moved = descriptor_duplicate(descriptor);
    descriptor_close(descriptor);
    return moved;
}

int descriptor_open(int directory, const char *path, int flags)
{
    return above_standard(RETRY(openat(directory, path, flags | O_CLOEXEC)));
}

int descriptor_create(int directory, const char *name, int access, mode_t mode)
{
    int flags = access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int made = RETRY(openat(directory, name, flags, mode));
    int descriptor = above_standard(made);
    if (made != -1 && descriptor == -1)
        KEEPING_ERRNO((void) RETRY(unlinkat(directory, name, 0)));
    return descriptor;
}

int descriptor_create_nameless(int directory, const char *path, int access, mode_t mode)
{
    int flags = access | O_TMPFILE | O_CLOEXEC;
    return above_standard(RETRY(openat(directory, path, flags, mode)));
}

/* EPERM: ext4 answers it in a directory that has been removed. Creating a file with a
 * name there fails with the true reason. */
bool descriptor_nameless_unsupported(int error)
{
    return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL ||
           error == EPERM;
}

int descriptor_link(int descriptor, int directory, const char *name)
{
    char path[PROC_PATH_SIZE];
    int status = RETRY(linkat(descriptor, "", directory, name, AT_EMPTY_PATH));
    if (status == 0 || errno != ENOENT)
        return status;
    /* Before Linux 6.10 that needs CAP_DAC_READ_SEARCH. This needs /proc. */
    descriptor_proc_self_path(descriptor, path);
    return RETRY(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

/* If vm.memfd_noexec is set, the flags must say whether the file may ever be executed.
 * Older kernels do not know these flags. */
static int create_in_memory(unsigned flag)
{
    static const char name[] = "filelike";
    int descriptor = memfd_create(name, MFD_CLOEXEC | flag);
    if (descriptor == -1 && errno == EINVAL)
        descriptor = memfd_create(name, MFD_CLOEXEC);
    return above_standard(descriptor);
}

/* Exchanges DESCRIPTOR for one with ACCESS. */
static int restrict_access(int descriptor, int access)
{
    if (descriptor == -1 || access == O_RDWR)
        return descriptor;
    int restricted = descriptor_open_again(descriptor, access);
    descriptor_close(descriptor);
    return restricted;
}

/* The permissions come last, as they may forbid to open the file again. */
int descriptor_create_in_memory(int access, mode_t permissions)
{
    enum { EXECUTABLE = S_IXUSR | S_IXGRP | S_IXOTH };
    int descriptor =
        create_in_memory(permissions & EXECUTABLE ? MFD_EXEC : MFD_NOEXEC_SEAL);
    descriptor = restrict_access(descriptor, access);
    if (descriptor == -1 || permissions == 0 ||
        RETRY(fchmod(descriptor, permissions)) == 0)
        return descriptor;
    descriptor_close(descriptor);
    return -1;
}

/* The kernel answers EINVAL if the process may not have even the lowest one wanted. */
int descriptor_duplicate(int descriptor)
{
    int duplicate = RETRY(fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (duplicate == -1 && errno == EINVAL)
        errno = EMFILE;
    return duplicate;
}

/* ---- Size, identity and end ------------------------------------------------------ */

bool descriptor_same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool descriptor_is_nameless(int descriptor)
{
    struct stat status;
    return RETRY(fstat(descriptor, &status)) == 0 && status.st_nlink == 0;
}

static int64_t size_by_fstat(int descriptor)
{
    struct stat status;
    return RETRY(fstat(descriptor, &status)) == 0 ? status.st_size : -1;
}

/* fstat also asks for the times. Since Linux 6.13 the next write then stores finer ones,
 * which costs as much as the write (Documentation/filesystems/multigrain-ts.rst). */
int64_t descriptor_size(int descriptor)
{
    struct extended_status status;
    if (extended_status(descriptor, "", EXTENDED_SIZE, &status) == 0)
        return (int64_t) status.size;
    /* A sandbox may not know statx. fstat reports any other error as well. */
    return size_by_fstat(descriptor);
}

int descriptor_truncate(int descriptor, int64_t size)
{
    return RETRY(ftruncate(descriptor, size));
}

/* Linux has closed the descriptor also if a signal interrupted close (EINTR), so close is
 * never repeated. */
int descriptor_close_checked(int descriptor)
{
    return close(descriptor) == 0 || errno == EINTR ? 0 : -1;
}

void descriptor_close(int descriptor)
{
    if (descriptor == -1)
        return;
    KEEPING_ERRNO((void) descriptor_close_checked(descriptor));
}
