/* With fortification the headers would define open themselves. */
#undef _FORTIFY_SOURCE
#include <config.h>

#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* Seen from the library, which calls them by these names. */
#define STANDS_BEFORE __attribute__((visibility("default")))

struct faults faults;

/* ---- What was called -----------------------------------------------------------------
 */

enum { MOST_CALLS = 256 };

static _Thread_local char calls[MOST_CALLS];

const char *calls_made(void)
{
    return calls;
}

void forget_calls(void)
{
    calls[0] = '\0';
}

/* Before the call, so that what dies has not happened. */
static void die_in_time(void)
{
    if (faults.die_at > 0 && --faults.die_at == 0)
        (void) raise(SIGKILL);
}

static int note(char letter, long result)
{
    size_t length = strlen(calls);
    if (result >= 0 && length < sizeof calls - 1) {
        calls[length] = letter;
        calls[length + 1] = '\0';
    }
    return (int) result;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static bool is_interrupted(void)
{
    static _Thread_local bool turn;
    if (!faults.interrupts)
        return false;
    turn = !turn;
    if (turn)
        errno = EINTR;
    return turn;
}

/* How many of SIZE bytes go at once. */
static size_t bytes_to_go(size_t size)
{
    enum { FEW = 1001 };
    return faults.interrupts && size > FEW ? FEW : size;
}

static bool is_hidden_by_fault(const char *path)
{
    return faults.no_proc && strncmp(path, "/proc/", strlen("/proc/")) == 0;
}

static void let_others(void)
{
    void (*meanwhile)(void) = faults.meanwhile;
    if (meanwhile == NULL)
        return;
    /* They may rename too. */
    faults.meanwhile = NULL;
    meanwhile();
    faults.meanwhile = meanwhile;
}

/* ---- The calls -----------------------------------------------------------------------
 */

static bool is_nameless(int flags)
{
    return (flags & O_TMPFILE) == O_TMPFILE;
}

static bool creates(int flags)
{
    return (flags & O_CREAT) != 0 || is_nameless(flags);
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    if (is_hidden_by_fault(path))
        return fail(ENOENT);
    if (is_nameless(flags) && faults.tmpfile != 0)
        return fail(faults.tmpfile);
    if (is_interrupted())
        return -1;
    if (!creates(flags))
        return (int) syscall(SYS_openat, directory, path, flags | O_LARGEFILE);
    die_in_time();
    return note('o', syscall(SYS_openat, directory, path, flags | O_LARGEFILE, mode));
}

STANDS_BEFORE int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (creates(flags)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_at(AT_FDCWD, path, flags, mode);
}

STANDS_BEFORE int openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (creates(flags)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_at(directory, path, flags, mode);
}

STANDS_BEFORE int access(const char *path, int mode)
{
    if (is_hidden_by_fault(path))
        return fail(ENOENT);
    return (int) syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

STANDS_BEFORE int fchmod(int descriptor, mode_t mode)
{
    die_in_time();
    return note('m', syscall(SYS_fchmod, descriptor, mode));
}

/* The disk is not waited for: that would only take time. */
STANDS_BEFORE int fsync(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return -1;
    bool directory = S_ISDIR(status.st_mode);
    int error = directory ? faults.sync_directory : faults.sync_file;
    if (error != 0)
        return fail(error);
    if (is_interrupted())
        return -1;
    die_in_time();
    return note(directory ? 'd' : 's', 0);
}

STANDS_BEFORE int linkat(
    int directory, const char *path, int to_directory, const char *to, int flags)
{
    if (is_hidden_by_fault(path))
        return fail(ENOENT);
    if (faults.link != 0)
        return fail(faults.link);
    let_others();
    die_in_time();
    return note('l', syscall(SYS_linkat, directory, path, to_directory, to, flags));
}

static int rename_at(
    int directory, const char *path, int to_directory, const char *to, unsigned flags)
{
    let_others();
    die_in_time();
    return note('r', syscall(SYS_renameat2, directory, path, to_directory, to, flags));
}

STANDS_BEFORE int renameat(
    int directory, const char *path, int to_directory, const char *to)
{
    return faults.rename != 0 ? fail(faults.rename)
                              : rename_at(directory, path, to_directory, to, 0);
}

#ifdef HAVE_RENAMEAT2
STANDS_BEFORE int renameat2(
    int directory, const char *path, int to_directory, const char *to, unsigned flags)
{
    if ((flags & RENAME_NOREPLACE) && faults.rename_new != 0)
        return fail(faults.rename_new);
    return rename_at(directory, path, to_directory, to, flags);
}
#endif

STANDS_BEFORE int unlinkat(int directory, const char *path, int flags)
{
    die_in_time();
    return note('u', syscall(SYS_unlinkat, directory, path, flags));
}

STANDS_BEFORE mode_t umask(mode_t mask)
{
    return (mode_t) note('k', syscall(SYS_umask, mask));
}

/* ---- Transfers -----------------------------------------------------------------------
 */

STANDS_BEFORE ssize_t pread(int descriptor, void *buffer, size_t size, off_t position)
{
    struct iovec part = {buffer, bytes_to_go(size)};
    return is_interrupted() ? -1 : preadv(descriptor, &part, 1, position);
}

STANDS_BEFORE ssize_t pwrite(
    int descriptor, const void *data, size_t size, off_t position)
{
    /* The kernel reads only. */
    struct iovec part = {(void *) (uintptr_t) data, bytes_to_go(size)};
    return is_interrupted() ? -1 : pwritev(descriptor, &part, 1, position);
}

STANDS_BEFORE ssize_t copy_file_range(
    int source, off_t *from, int target, off_t *to, size_t size, unsigned flags)
{
    if (is_interrupted())
        return -1;
    return syscall(
        SYS_copy_file_range, source, from, target, to, bytes_to_go(size), flags);
}

/* ---- Names ---------------------------------------------------------------------------
 */

STANDS_BEFORE ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    static _Thread_local int drawn;
    if (is_interrupted())
        return -1;
    if (!faults.same_names)
        return syscall(SYS_getrandom, buffer, size, flags);
    memset(buffer, ++drawn <= 2 ? 0 : drawn, size);
    return (ssize_t) size;
}
