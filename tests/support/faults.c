/* With fortification the headers would define openat themselves. */
#undef _FORTIFY_SOURCE
#include <config.h>

#include "faults.h"

#include "next_call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* Visible to the library, which calls these functions by their names. */
#define STANDS_BEFORE __attribute__((visibility("default")))

struct faults faults;

/* Before glibc 2.33 fstatat is an inline call of another. */
#ifdef _STAT_VER
#define STATUS_CALL(DO) DO(__fxstatat)
#else
#define STATUS_CALL(DO) DO(fstatat)
#endif
#ifdef HAVE_PWRITEV2
#define PWRITEV2_CALL(DO) DO(pwritev2)
#else
#define PWRITEV2_CALL(DO)
#endif
#define CALLS(DO)       \
    STATUS_CALL(DO)     \
    PWRITEV2_CALL(DO)   \
    DO(openat)          \
    DO(access)          \
    DO(fchmod)          \
    DO(linkat)          \
    DO(renameat)        \
    DO(unlinkat)        \
    DO(umask)           \
    DO(pread)           \
    DO(pwrite)          \
    DO(read)            \
    DO(write)           \
    DO(copy_file_range) \
    DO(readlinkat)      \
    DO(getrandom)       \
    DO(syscall)
CALLS(DECLARE_NEXT)

__attribute__((constructor)) static void find_next_calls(void)
{
    CALLS(FIND_NEXT)
}

/* ---- Calls so far --------------------------------------------------------------------
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

/* Dies before the call, so that the call does not happen. */
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

static _Thread_local unsigned met[FAULT_CALL_COUNT];

unsigned faults_met(enum fault_call call)
{
    return met[call];
}

void fault_answers(enum fault_call call)
{
    met[call]++;
}

int fault_fails(enum fault_call call, int error)
{
    fault_answers(call);
    errno = error;
    return -1;
}

enum fault fault_next(enum fault_call call)
{
    return faults.strike != NULL ? faults.strike(call) : FAULT_NONE;
}

bool fault_strikes(enum fault_call call)
{
    return fault_next(call) == FAULT_FAILS;
}

/* Every other call of each kind, so that the first try of each is interrupted. */
static bool is_interrupted(enum fault_call call)
{
    static _Thread_local bool turns[FAULT_CALL_COUNT];
    if (!faults.interrupts)
        return false;
    turns[call] = !turns[call];
    if (turns[call])
        errno = EINTR;
    return turns[call];
}

size_t fault_bytes(size_t size, enum fault fault)
{
    enum { FEW = 1001 };
    if (fault == FAULT_SHORT && size > 1)
        size /= 2;
    if (fault == FAULT_NOTHING)
        return 0;
    return faults.interrupts && size > FEW ? FEW : size;
}

bool fault_is_cut(enum fault_call call, enum fault fault)
{
    return fault == FAULT_FAILS || is_interrupted(call);
}

bool fault_cuts(enum fault_call call)
{
    return fault_is_cut(call, fault_next(call));
}

bool fault_hides(const char *path)
{
    if (!faults.no_proc || strncmp(path, "/proc/", strlen("/proc/")) != 0)
        return false;
    (void) fault_fails(FAULT_OPEN, ENOENT);
    return true;
}

static void let_others(void)
{
    void (*meanwhile)(void) = faults.meanwhile;
    if (meanwhile == NULL)
        return;
    /* The function may rename files, too. */
    faults.meanwhile = NULL;
    meanwhile();
    faults.meanwhile = meanwhile;
}

/* ---- Status --------------------------------------------------------------------------
 */

int fault_status(int directory, const char *path, int flags, struct stat *status)
{
#ifdef _STAT_VER
    return NEXT(__fxstatat)(_STAT_VER, directory, path, status, flags);
#else
    return NEXT(fstatat)(directory, path, status, flags);
#endif
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

static bool lists(int flags)
{
    return (flags & (O_DIRECTORY | O_PATH)) == O_DIRECTORY && !is_nameless(flags);
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    enum fault_call call = creates(flags) ? FAULT_CREATE : FAULT_OPEN;
    if (fault_strikes(call))
        return -1;
    if (fault_hides(path))
        return -1;
    if (lists(flags) && faults.no_listing)
        return fault_fails(FAULT_OPEN, EACCES);
    if (is_nameless(flags) && faults.tmpfile != 0)
        return fault_fails(FAULT_CREATE, faults.tmpfile);
    if (is_interrupted(call))
        return -1;
    if (!creates(flags))
        return NEXT(openat)(directory, path, flags);
    die_in_time();
    return note('o', NEXT(openat)(directory, path, flags, mode));
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

/* The names of openat with _FORTIFY_SOURCE, where the compiler does not know the flags:
 * the second is that for sizes of 64 bits. */
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

STANDS_BEFORE int __openat_2(int directory, const char *path, int flags)
{
    return open_at(directory, path, flags, 0);
}

STANDS_BEFORE int __openat64_2(int directory, const char *path, int flags)
{
    return open_at(directory, path, flags, 0);
}

STANDS_BEFORE int access(const char *path, int mode)
{
    if (fault_cuts(FAULT_ACCESS))
        return -1;
    if (fault_hides(path))
        return -1;
    return NEXT(access)(path, mode);
}

STANDS_BEFORE int fchmod(int descriptor, mode_t mode)
{
    if (fault_cuts(FAULT_FCHMOD))
        return -1;
    if (faults.mode != 0)
        return fault_fails(FAULT_FCHMOD, faults.mode);
    die_in_time();
    return note('m', NEXT(fchmod)(descriptor, mode));
}

static bool only_names(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags != -1 && (flags & O_PATH) != 0;
}

/* Does not call the real fsync, as waiting for the disk would only take time. */
STANDS_BEFORE int fsync(int descriptor)
{
    struct stat status;
    if (only_names(descriptor)) {
        errno = EBADF;
        return -1;
    }
    if (fault_status(descriptor, "", AT_EMPTY_PATH, &status) != 0)
        return -1;
    bool directory = S_ISDIR(status.st_mode);
    enum fault_call call = directory ? FAULT_FSYNC_DIRECTORY : FAULT_FSYNC;
    if (fault_strikes(call))
        return -1;
    int error = directory ? faults.sync_directory : faults.sync_file;
    if (error != 0)
        return fault_fails(call, error);
    if (is_interrupted(call))
        return -1;
    die_in_time();
    return note(directory ? 'd' : 's', 0);
}

STANDS_BEFORE int syncfs(int descriptor)
{
    (void) descriptor;
    if (fault_cuts(FAULT_SYNCFS))
        return -1;
    if (faults.sync_directory != 0)
        return fault_fails(FAULT_SYNCFS, faults.sync_directory);
    return note('f', 0);
}

STANDS_BEFORE int linkat(
    int directory, const char *path, int to_directory, const char *to, int flags)
{
    if (fault_cuts(FAULT_LINKAT))
        return -1;
    if (fault_hides(path))
        return -1;
    if (faults.link != 0)
        return fault_fails(FAULT_LINKAT, faults.link);
    if (faults.no_empty_path && (flags & AT_EMPTY_PATH) != 0)
        return fault_fails(FAULT_LINKAT, ENOENT);
    let_others();
    die_in_time();
    return note('l', NEXT(linkat)(directory, path, to_directory, to, flags));
}

STANDS_BEFORE int renameat(
    int directory, const char *path, int to_directory, const char *to)
{
    if (fault_cuts(FAULT_RENAMEAT))
        return -1;
    if (faults.rename != 0)
        return fault_fails(FAULT_RENAMEAT, faults.rename);
    let_others();
    die_in_time();
    return note('r', NEXT(renameat)(directory, path, to_directory, to));
}

STANDS_BEFORE int unlinkat(int directory, const char *path, int flags)
{
    if (fault_cuts(FAULT_UNLINKAT))
        return -1;
    die_in_time();
    return note('u', NEXT(unlinkat)(directory, path, flags));
}

STANDS_BEFORE mode_t umask(mode_t mask)
{
    return (mode_t) note('k', (long) NEXT(umask)(mask));
}

/* ---- Transfers -----------------------------------------------------------------------
 */

STANDS_BEFORE ssize_t pread(int descriptor, void *buffer, size_t size, off_t position)
{
    enum fault fault = fault_next(FAULT_PREAD);
    if (fault_is_cut(FAULT_PREAD, fault))
        return -1;
    return NEXT(pread)(descriptor, buffer, fault_bytes(size, fault), position);
}

STANDS_BEFORE ssize_t pwrite(
    int descriptor, const void *data, size_t size, off_t position)
{
    enum fault fault = fault_next(FAULT_PWRITE);
    if (fault_is_cut(FAULT_PWRITE, fault))
        return -1;
    return NEXT(pwrite)(descriptor, data, fault_bytes(size, fault), position);
}

STANDS_BEFORE ssize_t read(int descriptor, void *buffer, size_t size)
{
    enum fault fault = fault_next(FAULT_READ);
    if (fault_is_cut(FAULT_READ, fault))
        return -1;
    return NEXT(read)(descriptor, buffer, fault_bytes(size, fault));
}

STANDS_BEFORE ssize_t write(int descriptor, const void *data, size_t size)
{
    enum fault fault = fault_next(FAULT_WRITE);
    if (fault_is_cut(FAULT_WRITE, fault))
        return -1;
    return NEXT(write)(descriptor, data, fault_bytes(size, fault));
}

/* The library passes one part. *PART becomes the piece of it to write. Returns -1 if the
 * call is to fail. */
static int cut_part(const struct iovec *parts, struct iovec *part)
{
    enum fault fault = fault_next(FAULT_PWRITEV2);
    if (fault == FAULT_FAILS)
        return -1;
    if (faults.append != 0)
        return fault_fails(FAULT_PWRITEV2, faults.append);
    *part = (struct iovec){parts->iov_base, fault_bytes(parts->iov_len, fault)};
    return 0;
}

#ifdef HAVE_PWRITEV2
STANDS_BEFORE ssize_t pwritev2(
    int descriptor, const struct iovec *parts, int count, off_t position, int flags)
{
    struct iovec part;
    if (cut_part(parts, &part) != 0)
        return -1;
    return NEXT(pwritev2)(descriptor, &part, count, position, flags);
}
#endif

STANDS_BEFORE ssize_t copy_file_range(
    int source, off_t *from, int target, off_t *to, size_t size, unsigned flags)
{
    enum fault fault = fault_next(FAULT_COPY_FILE_RANGE);
    if (fault_is_cut(FAULT_COPY_FILE_RANGE, fault))
        return -1;
    /* Shorter than any file of the tests. */
    if (fault == FAULT_SHORT)
        size = 2;
    return NEXT(copy_file_range)(
        source, from, target, to, fault_bytes(size, FAULT_NONE), flags);
}

/* ---- Links ---------------------------------------------------------------------------
 */

/* Weak, as fault_calls.c has a readlinkat that can also fail. */
__attribute__((weak)) STANDS_BEFORE ssize_t readlinkat(
    int directory, const char *restrict path, char *restrict link, size_t size)
{
    return fault_hides(path) ? -1 : NEXT(readlinkat)(directory, path, link, size);
}

/* ---- Names ---------------------------------------------------------------------------
 */

STANDS_BEFORE ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    static _Thread_local int drawn;
    if (fault_cuts(FAULT_GETRANDOM))
        return -1;
    if (!faults.same_names)
        return NEXT(getrandom)(buffer, size, flags);
    memset(buffer, ++drawn <= 2 ? 0 : drawn, size);
    return (ssize_t) size;
}

/* ---- By number -----------------------------------------------------------------------
 */

enum { MOST_ARGUMENTS = 6 };

static long ask_kernel(long number, const long a[MOST_ARGUMENTS])
{
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int rename_with(long number, const long a[MOST_ARGUMENTS])
{
    if (fault_cuts(FAULT_RENAMEAT2))
        return -1;
    if ((a[4] & RENAME_NOREPLACE) != 0 && faults.rename_new != 0)
        return fault_fails(FAULT_RENAMEAT2, faults.rename_new);
    let_others();
    die_in_time();
    return note('r', ask_kernel(number, a));
}

#ifdef SYS_pwritev2
static long write_with(long number, long a[MOST_ARGUMENTS])
{
    struct iovec part;
    if (cut_part((const struct iovec *) a[1], &part) != 0)
        return -1;
    a[1] = (long) &part;
    return ask_kernel(number, a);
}
#endif

#ifdef SYS_statx
static long tell_status(long number, const long a[MOST_ARGUMENTS])
{
    enum { SIZE = 0x200 }; /* STATX_SIZE */
    if (fault_cuts(FAULT_STATX)) {
        faults.status_is_lost = a[3] == SIZE && (errno == EIO || errno == ENOMEM);
        return -1;
    }
    return faults.status == 0 ? ask_kernel(number, a)
                              : fault_fails(FAULT_STATX, faults.status);
}
#endif

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* The library makes some calls by number. Reads as many arguments as any call has, as the
 * C library's syscall does. */
STANDS_BEFORE long syscall(long number, ...)
{
    long a[MOST_ARGUMENTS];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < MOST_ARGUMENTS; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_renameat2)
        return rename_with(number, a);
#ifdef SYS_pwritev2
    if (number == SYS_pwritev2)
        return write_with(number, a);
#endif
#ifdef SYS_statx
    if (number == SYS_statx)
        return tell_status(number, a);
#endif
    bool asks_for_access = number == SYS_faccessat || number == SYS_faccessat2;
    if (asks_for_access && fault_cuts(FAULT_FACCESSAT))
        return -1;
    return ask_kernel(number, a);
}
