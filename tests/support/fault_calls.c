/* Stand-ins for calls of the library that faults.c lets pass, so that these can fail,
 * too. */
#undef _FORTIFY_SOURCE
#include <config.h>

#include "fault_calls.h"

#include "backing.h"
#include "faults.h"
#include "next_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define STANDS_BEFORE __attribute__((visibility("default")))

/* Before glibc 2.33 stat and its kin are inline calls of others, with a version. */
#ifdef _STAT_VER
#define STATUS_CALLS(DO) DO(__xstat) DO(__fxstat) DO(__fxstatat)
#else
#define STATUS_CALLS(DO) DO(stat) DO(fstat) DO(fstatat)
#endif
#define CALLS(DO)    \
    STATUS_CALLS(DO) \
    DO(close)        \
    DO(dup3)         \
    DO(fcntl)        \
    DO(memfd_create) \
    DO(lseek)        \
    DO(fstatfs)      \
    DO(fchown)       \
    DO(readlink)     \
    DO(readlinkat)   \
    DO(fgetxattr)    \
    DO(getxattr)     \
    DO(flistxattr)   \
    DO(listxattr)    \
    DO(fsetxattr)    \
    DO(fremovexattr) \
    DO(getcwd)       \
    DO(unlink)       \
    DO(remove)       \
    DO(rename)       \
    DO(ftruncate)    \
    DO(mmap)         \
    DO(munmap)
CALLS(DECLARE_NEXT)

__attribute__((constructor)) static void find_next_calls(void){CALLS(FIND_NEXT)}

/* ---- Descriptors ---------------------------------------------------------------------
 */

/* Linux closes the descriptor even if close fails. */
STANDS_BEFORE int close(int descriptor)
{
    bool struck = fault_strikes(FAULT_CLOSE);
    int error = errno;
    int result = NEXT(close)(descriptor);
    if (!struck)
        return result;
    errno = error;
    return -1;
}

/* The library uses several commands of fcntl. These two can fail on an open descriptor.
 */
STANDS_BEFORE int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command == F_DUPFD_CLOEXEC && fault_strikes(FAULT_DUPFD))
        return -1;
    if (command == F_SETFL && fault_strikes(FAULT_SETFL))
        return -1;
    return NEXT(fcntl)(descriptor, command, argument);
}

STANDS_BEFORE int dup3(int descriptor, int number, int flags)
{
    if (fault_cuts(FAULT_DUP3))
        return -1;
    return NEXT(dup3)(descriptor, number, flags);
}

STANDS_BEFORE int memfd_create(const char *name, unsigned flags)
{
    if (fault_strikes(FAULT_MEMFD_CREATE))
        return -1;
    return NEXT(memfd_create)(name, flags);
}

STANDS_BEFORE off_t lseek(int descriptor, off_t offset, int whence)
{
    if (fault_strikes(FAULT_LSEEK))
        return -1;
    return NEXT(lseek)(descriptor, offset, whence);
}

/* ---- Files ---------------------------------------------------------------------------
 */

/* If statx fails for a reason that lies in the file, fstat would fail, too. The library
 * calls fstat next to ask for the size. */
static bool fstat_fails(void)
{
    if (!faults.status_is_lost)
        return fault_cuts(FAULT_FSTAT);
    faults.status_is_lost = false;
    return true;
}

#ifdef _STAT_VER

STANDS_BEFORE int __fxstat(int version, int descriptor, struct stat *status)
{
    return fstat_fails() ? -1 : NEXT(__fxstat)(version, descriptor, status);
}

STANDS_BEFORE int __fxstatat(
    int version, int directory, const char *path, struct stat *status, int flags)
{
    if (fault_cuts(FAULT_FSTATAT))
        return -1;
    return NEXT(__fxstatat)(version, directory, path, status, flags);
}

STANDS_BEFORE int __xstat(int version, const char *path, struct stat *status)
{
    return fault_strikes(FAULT_STAT) ? -1 : NEXT(__xstat)(version, path, status);
}

#else

STANDS_BEFORE int fstat(int descriptor, struct stat *status)
{
    return fstat_fails() ? -1 : NEXT(fstat)(descriptor, status);
}

STANDS_BEFORE int fstatat(int directory, const char *path, struct stat *status, int flags)
{
    if (fault_cuts(FAULT_FSTATAT))
        return -1;
    return NEXT(fstatat)(directory, path, status, flags);
}

STANDS_BEFORE int stat(const char *path, struct stat *status)
{
    return fault_strikes(FAULT_STAT) ? -1 : NEXT(stat)(path, status);
}

#endif

STANDS_BEFORE int fstatfs(int descriptor, struct statfs *status)
{
    enum { TMPFS_TYPE = 0x01021994 }; /* statfs(2) */
    if (fault_cuts(FAULT_FSTATFS))
        return -1;
    int result = NEXT(fstatfs)(descriptor, status);
    if (faults.tmpfs && result == 0 && status->f_blocks != 0) {
        fault_answers(FAULT_FSTATFS);
        status->f_type = TMPFS_TYPE;
    }
    return result;
}

STANDS_BEFORE int fchown(int descriptor, uid_t user, gid_t group)
{
    if (fault_cuts(FAULT_FCHOWN))
        return -1;
    return NEXT(fchown)(descriptor, user, group);
}

/* Fails, or returns a link that is longer than any path. Links to descriptors stay short.
 */
STANDS_BEFORE ssize_t readlinkat(
    int directory, const char *restrict path, char *restrict link, size_t size)
{
    enum fault fault = fault_next(FAULT_READLINKAT);
    if (fault_is_cut(FAULT_READLINKAT, fault) || fault_hides(path))
        return -1;
    if (fault == FAULT_NONE || strncmp(path, "/proc/", strlen("/proc/")) == 0)
        return NEXT(readlinkat)(directory, path, link, size);
    memset(link, '/', size);
    return (ssize_t) size;
}

/* The text of a link in /proc is cut if it is too long for a page of the kernel's. */
STANDS_BEFORE ssize_t readlink(
    const char *restrict path, char *restrict link, size_t size)
{
    enum fault fault = fault_next(FAULT_READLINK);
    if (fault_is_cut(FAULT_READLINK, fault) || fault_hides(path))
        return -1;
    if (fault == FAULT_NONE)
        return NEXT(readlink)(path, link, size);
    memset(link, '/', size);
    return (ssize_t) size;
}

STANDS_BEFORE char *getcwd(char *buffer, size_t size)
{
    if (fault_strikes(FAULT_GETCWD))
        return NULL;
    return NEXT(getcwd)(buffer, size);
}

STANDS_BEFORE int unlink(const char *path)
{
    if (fault_strikes(FAULT_UNLINK))
        return -1;
    return NEXT(unlink)(path);
}

STANDS_BEFORE int remove(const char *path)
{
    if (fault_strikes(FAULT_REMOVE))
        return -1;
    return NEXT(remove)(path);
}

STANDS_BEFORE int rename(const char *from, const char *to)
{
    if (fault_strikes(FAULT_RENAME))
        return -1;
    return NEXT(rename)(from, to);
}

/* ---- Extended attributes -------------------------------------------------------------
 */

/* A call that asks for SIZE bytes. FAULT_SHORT: there are more by now. */
static bool asking_fails(enum fault_call call, size_t size)
{
    enum fault fault = fault_next(call);
    if (fault_is_cut(call, fault))
        return true;
    if (fault == FAULT_SHORT && size != 0)
        errno = ERANGE;
    return fault == FAULT_SHORT && size != 0;
}

STANDS_BEFORE ssize_t fgetxattr(
    int descriptor, const char *name, void *value, size_t size)
{
    if (asking_fails(FAULT_FGETXATTR, size))
        return -1;
    return NEXT(fgetxattr)(descriptor, name, value, size);
}

STANDS_BEFORE ssize_t getxattr(
    const char *path, const char *name, void *value, size_t size)
{
    if (asking_fails(FAULT_FGETXATTR, size) || fault_hides(path))
        return -1;
    return NEXT(getxattr)(path, name, value, size);
}

STANDS_BEFORE ssize_t flistxattr(int descriptor, char *names, size_t size)
{
    if (asking_fails(FAULT_FLISTXATTR, size))
        return -1;
    return NEXT(flistxattr)(descriptor, names, size);
}

STANDS_BEFORE ssize_t listxattr(const char *path, char *names, size_t size)
{
    if (asking_fails(FAULT_FLISTXATTR, size) || fault_hides(path))
        return -1;
    return NEXT(listxattr)(path, names, size);
}

STANDS_BEFORE int fsetxattr(
    int descriptor, const char *name, const void *value, size_t size, int flags)
{
    if (fault_cuts(FAULT_FSETXATTR))
        return -1;
    return NEXT(fsetxattr)(descriptor, name, value, size, flags);
}

STANDS_BEFORE int fremovexattr(int descriptor, const char *name)
{
    if (fault_cuts(FAULT_FREMOVEXATTR))
        return -1;
    return NEXT(fremovexattr)(descriptor, name);
}

/* ---- Bytes ---------------------------------------------------------------------------
 */

STANDS_BEFORE int ftruncate(int descriptor, off_t size)
{
    if (fault_cuts(FAULT_FTRUNCATE))
        return -1;
    return NEXT(ftruncate)(descriptor, size);
}

/* ---- Mappings ------------------------------------------------------------------------
 */

static size_t mapped;

size_t mappings_live(void)
{
    return mapped;
}

STANDS_BEFORE void *mmap(
    void *place, size_t size, int access, int flags, int descriptor, off_t position)
{
    if (fault_strikes(FAULT_MMAP))
        return MAP_FAILED;
    void *result = NEXT(mmap)(place, size, access, flags, descriptor, position);
    if (result != MAP_FAILED && (flags & MAP_FIXED) == 0)
        mapped++;
    return result;
}

/* Counts a mapping as unmapped even if munmap fails, as the library cannot try again. */
STANDS_BEFORE int munmap(void *place, size_t size)
{
    mapped--;
    if (fault_strikes(FAULT_MUNMAP))
        return -1;
    return NEXT(munmap)(place, size);
}

/* ---- Operations of custom streams ----------------------------------------------------
 */

static ssize_t meet_fault(enum backing_operation operation, size_t size)
{
    enum fault fault = fault_next(FAULT_CUSTOM_READ + (enum fault_call) operation);
    return fault != FAULT_FAILS ? (ssize_t) fault_bytes(size, fault) : -1;
}

__attribute__((constructor)) static void stand_before_operations(void)
{
    backing_meets = meet_fault;
}
