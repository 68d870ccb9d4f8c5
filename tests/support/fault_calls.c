/* The calls of the library that faults.c lets pass: here they can be struck too. */
#undef _FORTIFY_SOURCE
#include <config.h>

#include "fault_calls.h"

#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define STANDS_BEFORE __attribute__((visibility("default")))

/* ---- Descriptors ---------------------------------------------------------------------
 */

/* Linux closes it also where close fails. */
STANDS_BEFORE int close(int descriptor)
{
    bool struck = fault_strikes(FAULT_CLOSE);
    int error = errno;
    int result = (int) syscall(SYS_close, descriptor);
    if (!struck)
        return result;
    errno = error;
    return -1;
}

/* Of the commands that the library gives, two can fail on an open descriptor. */
STANDS_BEFORE int fcntl(int descriptor, int command, ...)
{
#ifdef SYS_fcntl64
    enum { SYSTEM_CALL = SYS_fcntl64 };
#else
    enum { SYSTEM_CALL = SYS_fcntl };
#endif
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command == F_DUPFD_CLOEXEC && fault_strikes(FAULT_DUPFD))
        return -1;
    if (command == F_SETFL && fault_strikes(FAULT_SETFL))
        return -1;
    return (int) syscall(SYSTEM_CALL, descriptor, command, argument);
}

STANDS_BEFORE int memfd_create(const char *name, unsigned flags)
{
    if (fault_strikes(FAULT_MEMFD_CREATE))
        return -1;
    return (int) syscall(SYS_memfd_create, name, flags);
}

STANDS_BEFORE off_t lseek(int descriptor, off_t offset, int whence)
{
    if (fault_strikes(FAULT_LSEEK))
        return -1;
#ifdef SYS__llseek
    int64_t position;
    unsigned long high = (unsigned long) ((uint64_t) offset >> 32);
    unsigned long low = (unsigned long) offset;
    if (syscall(SYS__llseek, descriptor, high, low, &position, whence) != 0)
        return -1;
    return (off_t) position;
#else
    return syscall(SYS_lseek, descriptor, offset, whence);
#endif
}

/* ---- Files ---------------------------------------------------------------------------
 */

/* What is wrong with a file, and not with statx, fstat would tell, too, by which the
 * library asks for the size again. */
static bool status_is_lost;

STANDS_BEFORE int fstat(int descriptor, struct stat *status)
{
    if (status_is_lost) {
        status_is_lost = false;
        return -1;
    }
    if (fault_strikes(FAULT_FSTAT))
        return -1;
    return fault_status(descriptor, "", AT_EMPTY_PATH, status);
}

#ifdef HAVE_STATX
STANDS_BEFORE int statx(
    int directory, const char *path, int flags, unsigned asked, struct statx *status)
{
    if (fault_strikes(FAULT_STATX)) {
        status_is_lost = asked == STATX_SIZE && (errno == EIO || errno == ENOMEM);
        return -1;
    }
    return (int) syscall(SYS_statx, directory, path, flags, asked, status);
}
#endif

STANDS_BEFORE int fstatfs(int descriptor, struct statfs *status)
{
    enum { TMPFS_TYPE = 0x01021994 }; /* statfs(2) */
    if (fault_strikes(FAULT_FSTATFS))
        return -1;
#ifdef SYS_fstatfs64
    int result = (int) syscall(SYS_fstatfs64, descriptor, sizeof *status, status);
#else
    int result = (int) syscall(SYS_fstatfs, descriptor, status);
#endif
    if (faults.tmpfs && result == 0 && status->f_blocks != 0) {
        fault_answers(FAULT_FSTATFS);
        status->f_type = TMPFS_TYPE;
    }
    return result;
}

STANDS_BEFORE int fstatat(int directory, const char *path, struct stat *status, int flags)
{
    if (fault_strikes(FAULT_FSTATAT))
        return -1;
    return fault_status(directory, path, flags, status);
}

STANDS_BEFORE int stat(const char *path, struct stat *status)
{
    if (fault_strikes(FAULT_STAT))
        return -1;
    return fault_status(AT_FDCWD, path, 0, status);
}

/* Without AT_EACCESS: a test has no other identity than its own. */
STANDS_BEFORE int faccessat(int directory, const char *path, int mode, int flags)
{
    (void) flags;
    if (fault_strikes(FAULT_FACCESSAT))
        return -1;
    return (int) syscall(SYS_faccessat, directory, path, mode);
}

STANDS_BEFORE int fchown(int descriptor, uid_t user, gid_t group)
{
    if (fault_strikes(FAULT_FCHOWN))
        return -1;
    return (int) syscall(SYS_fchownat, descriptor, "", user, group, AT_EMPTY_PATH);
}

/* Or a link that is longer than any, but to a descriptor. */
STANDS_BEFORE ssize_t readlinkat(
    int directory, const char *restrict path, char *restrict link, size_t size)
{
    enum fault fault = fault_next(FAULT_READLINKAT);
    if (fault == FAULT_FAILS)
        return -1;
    if (fault_hides(path))
        return -1;
    if (fault == FAULT_NONE || strncmp(path, "/proc/", strlen("/proc/")) == 0)
        return syscall(SYS_readlinkat, directory, path, link, size);
    memset(link, '/', size);
    return (ssize_t) size;
}

/* The library wants a block for all of it; realpath knows no getcwd that is not its own.
 */
STANDS_BEFORE char *getcwd(char *buffer, size_t size)
{
    if (fault_strikes(FAULT_GETCWD))
        return NULL;
    if (buffer == NULL)
        return realpath(".", NULL);
    return syscall(SYS_getcwd, buffer, size) != -1 ? buffer : NULL;
}

STANDS_BEFORE int unlink(const char *path)
{
    if (fault_strikes(FAULT_UNLINK))
        return -1;
    return (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

STANDS_BEFORE int remove(const char *path)
{
    if (fault_strikes(FAULT_REMOVE))
        return -1;
    if (syscall(SYS_unlinkat, AT_FDCWD, path, 0) == 0)
        return 0;
    return errno == EISDIR ? rmdir(path) : -1;
}

/* ---- Bytes ---------------------------------------------------------------------------
 */

STANDS_BEFORE int ftruncate(int descriptor, off_t size)
{
    if (fault_strikes(FAULT_FTRUNCATE))
        return -1;
#ifdef SYS_ftruncate64 /* two halves, as i386 takes them */
    unsigned long high = (unsigned long) ((uint64_t) size >> 32);
    return (int) syscall(SYS_ftruncate64, descriptor, (unsigned long) size, high);
#else
    return (int) syscall(SYS_ftruncate, descriptor, size);
#endif
}

/* ---- Mappings ------------------------------------------------------------------------
 */

static size_t mapped;

size_t mappings_live(void)
{
    return mapped;
}

/* Positions are in pages where the machine's registers are too small for bytes. */
STANDS_BEFORE void *mmap(
    void *place, size_t size, int access, int flags, int descriptor, off_t position)
{
    if (fault_strikes(FAULT_MMAP))
        return MAP_FAILED;
#ifdef SYS_mmap2
    enum { PAGE_SHIFT = 12 };
    long result = syscall(SYS_mmap2, place, size, access, flags, descriptor,
        (long) (position >> PAGE_SHIFT));
#else
    long result = syscall(SYS_mmap, place, size, access, flags, descriptor, position);
#endif
    if (result != -1 && (flags & MAP_FIXED) == 0)
        mapped++;
    return (void *) result;
}

/* Of a mapping that stays where munmap fails, there is nothing to be said later. */
STANDS_BEFORE int munmap(void *place, size_t size)
{
    mapped--;
    if (fault_strikes(FAULT_MUNMAP))
        return -1;
    return (int) syscall(SYS_munmap, place, size);
}
