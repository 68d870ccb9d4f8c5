#include <config.h>

#include "files/descriptor.h"

#include "base/call.h"
#include "files/extended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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
    int descriptor = RETRY(memfd_create(name, MFD_CLOEXEC | flag));
    if (descriptor == -1 && errno == EINVAL)
        descriptor = RETRY(memfd_create(name, MFD_CLOEXEC));
    return above_standard(descriptor);
}

int descriptor_create_in_memory(mode_t permissions)
{
    enum { EXECUTABLE = S_IXUSR | S_IXGRP | S_IXOTH };
    int descriptor =
        create_in_memory(permissions & EXECUTABLE ? MFD_EXEC : MFD_NOEXEC_SEAL);
    if (descriptor == -1 || permissions == 0 ||
        RETRY(fchmod(descriptor, permissions)) == 0)
        return descriptor;
    descriptor_close(descriptor);
    return -1;
}

int descriptor_duplicate(int descriptor)
{
    return RETRY(fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

/* ---- Using descriptors ----------------------------------------------------------- */

ssize_t descriptor_pread(int descriptor, void *buffer, size_t size, int64_t position)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = RETRY(pread(
            descriptor, (char *) buffer + done, size - done, position + (int64_t) done));
        if (count == -1)
            return -1;
        if (count == 0)
            break;
        done += (size_t) count;
    }
    return (ssize_t) done;
}

/* read fails with EINVAL if the position after it would be larger than INT64_MAX. */
static ssize_t read_to_last_position(int descriptor, void *buffer, size_t size)
{
    ssize_t count = read(descriptor, buffer, size);
    if (count != -1 || errno != EINVAL)
        return count;
    int64_t offset = lseek(descriptor, 0, SEEK_CUR);
    if (offset != -1 && size > (uint64_t) (INT64_MAX - offset))
        return read(descriptor, buffer, (size_t) (INT64_MAX - offset));
    return call_fail(EINVAL);
}

ssize_t descriptor_read(int descriptor, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count =
            RETRY(read_to_last_position(descriptor, (char *) buffer + done, size - done));
        if (count == -1 && done == 0)
            return -1;
        if (count <= 0)
            break;
        done += (size_t) count;
    }
    return (ssize_t) done;
}

static ssize_t write_on(int descriptor, const void *data, size_t size, int64_t position)
{
    (void) position;
    return write(descriptor, data, size);
}

static ssize_t write_at(int descriptor, const void *data, size_t size, int64_t position)
{
    return pwrite(descriptor, data, size, position);
}

/* The C library may not have the pwritev2 that the kernel has. */
static ssize_t write_with(
    int descriptor, const void *data, size_t size, int64_t position, int flags)
{
    struct iovec vector = {(void *) (uintptr_t) data, size};
#if defined HAVE_PWRITEV2
    return pwritev2(descriptor, &vector, 1, position, flags);
#elif defined SYS_pwritev2
    enum { HALF_BITS = 32 }; /* a long of 32 bits takes the upper half separately */
    return syscall(SYS_pwritev2, descriptor, &vector, 1, (long) position,
        (long) (position >> HALF_BITS), flags);
#else
    (void) descriptor, (void) vector, (void) position, (void) flags;
    return call_fail(ENOSYS);
#endif
}

/* Sandboxes answer EPERM to calls that they do not know. */
static bool is_unknown_call(int error)
{
    return error == ENOSYS || error == EINVAL || error == EOPNOTSUPP || error == EPERM;
}

static ssize_t write_not_appending(
    int descriptor, const void *data, size_t size, int64_t position)
{
    enum { NOAPPEND = 0x20 }; /* the kernel's RWF_NOAPPEND */
    ssize_t count = write_with(descriptor, data, size, position, NOAPPEND);
    if (count == -1 && is_unknown_call(errno))
        errno = ENOTSUP;
    return count;
}

static int write_all(
    ssize_t (*put)(int descriptor, const void *data, size_t size, int64_t position),
    int descriptor, const void *data, size_t size, int64_t position, size_t *written)
{
    *written = 0;
    while (*written < size) {
        ssize_t count = RETRY(put(descriptor, (const char *) data + *written,
            size - *written, position + (int64_t) *written));
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            return -1;
        *written += (size_t) count;
    }
    return 0;
}

int descriptor_pwrite(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written)
{
    return write_all(write_at, descriptor, data, size, position, written);
}

int descriptor_pwrite_noappend(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written)
{
    int flags = fcntl(descriptor, F_GETFL);
    bool appends = flags != -1 && (flags & O_APPEND) != 0;
    return write_all(appends ? write_not_appending : write_at, descriptor, data, size,
        position, written);
}

int descriptor_write(int descriptor, const void *data, size_t size, size_t *written)
{
    return write_all(write_on, descriptor, data, size, 0, written);
}

ssize_t descriptor_append(int descriptor, const void *data, size_t size, int64_t end)
{
    enum { APPEND = 0x10 }; /* the kernel's RWF_APPEND */
    ssize_t count = RETRY(write_with(descriptor, data, size, 0, APPEND));
    if (count == -1 && is_unknown_call(errno))
        return RETRY(write_at(descriptor, data, size, end));
    return count;
}

bool descriptor_same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
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
    if (extended_status(descriptor, EXTENDED_SIZE, &status) == 0)
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

int descriptor_proc_path(int descriptor, char path[PROC_PATH_SIZE])
{
    (void) snprintf(path, PROC_PATH_SIZE, "/proc/%d/fd/%d", (int) getpid(), descriptor);
    if (RETRY(access(path, F_OK)) == 0)
        return 0;
    return call_fail(ENOTSUP);
}

/* snprintf would take as long as a short system call. */
void descriptor_proc_self_path(int descriptor, char path[PROC_PATH_SIZE])
{
    enum { DECIMAL = 10 };
    static const char directory[] = "/proc/self/fd/";
    char *digit = path + sizeof directory - 1;
    memcpy(path, directory, sizeof directory);
    for (int rest = descriptor; rest >= DECIMAL; rest /= DECIMAL)
        digit++;
    digit[1] = '\0';
    for (int rest = descriptor; digit >= path + sizeof directory - 1; rest /= DECIMAL)
        *digit-- = (char) ('0' + rest % DECIMAL);
}

int descriptor_find_proc_self_path(int descriptor, char path[PROC_PATH_SIZE])
{
    descriptor_proc_self_path(descriptor, path);
    if (RETRY(access(path, F_OK)) == 0)
        return 0;
    return call_fail(ENOTSUP);
}

int descriptor_open_again(int descriptor, int access)
{
    char path[PROC_PATH_SIZE];
    descriptor_proc_self_path(descriptor, path);
    int again = descriptor_open(AT_FDCWD, path, access | O_NOCTTY);
    if (again == -1 && errno == ENOENT)
        errno = ENOTSUP;
    return again;
}

int descriptor_open_or_duplicate(int descriptor, int access)
{
    int again = descriptor_open_again(descriptor, access);
    int flags = fcntl(descriptor, F_GETFL);
    if (again != -1 || flags == -1)
        return again;
    /* pwrite on a descriptor with O_APPEND ignores the position. */
    bool enough = (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
    if (enough && (flags & O_APPEND) == 0)
        return descriptor_duplicate(descriptor);
    return -1;
}

int descriptor_obtain_readable(int descriptor, int *opened)
{
    *opened = -1;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags == -1 || (flags & O_ACCMODE) != O_WRONLY)
        return descriptor;
    *opened = descriptor_open_again(descriptor, O_RDONLY);
    return *opened;
}
