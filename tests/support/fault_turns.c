#include <config.h>

#include "fault_turns.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

/* ---- The table -----------------------------------------------------------------------
 */

enum { MOST_FAILURES = 10 };

#define FAILS(code) .name = #code, .error = code, .fault = FAULT_FAILS, .fails_then = true
#define LOUDLY .debt = MUST_TELL
#define PASSES(code) .name = #code, .error = code, .fault = FAULT_FAILS, .debt = UNSEEN
#define INTERRUPTED PASSES(EINTR)
#define TOO_LONG \
    .name = "a link without an end", .error = ENAMETOOLONG, .fault = FAULT_SHORT
#define GROWN \
    .name = "a value that has grown meanwhile", .fault = FAULT_SHORT, .debt = UNSEEN
#define NOTHING .name = "no byte at all", .fault = FAULT_NOTHING
#define SHORT .name = "a part of the bytes", .fault = FAULT_SHORT, .debt = UNSEEN
#define SHORT_THEN(code)                                                             \
    .name = "a part of the bytes, then " #code, .error = code, .fault = FAULT_SHORT, \
    .fails_then = true

static const struct {
    const char *name;
    struct failure failures[MOST_FAILURES];
} calls[FAULT_CALL_COUNT] = {
    [FAULT_OPEN] = {"open",
        {{FAILS(EMFILE)}, {FAILS(EACCES)}, {FAILS(EIO)}, {INTERRUPTED}}},
    [FAULT_CREATE] = {"open, to create",
        {{FAILS(EMFILE)}, {FAILS(ENFILE)}, {FAILS(EACCES)}, {FAILS(ENOSPC)},
            {FAILS(EROFS)}, {INTERRUPTED}}},
    [FAULT_ACCESS] = {"access", {{FAILS(ENOENT)}, {INTERRUPTED}}},
    [FAULT_FCHMOD] = {"fchmod", {{FAILS(EPERM)}, {FAILS(EIO)}, {INTERRUPTED}}},
    [FAULT_FSYNC] = {"fsync",
        {{FAILS(EIO), LOUDLY}, {FAILS(ENOSPC), LOUDLY}, {INTERRUPTED}}},
    [FAULT_FSYNC_DIRECTORY] = {"fsync of a directory",
        {{FAILS(EIO), LOUDLY}, {FAILS(EINVAL)}, {INTERRUPTED}}},
    [FAULT_LINKAT] = {"linkat",
        {{FAILS(EMLINK)}, {FAILS(EIO)}, {FAILS(ENOSPC)}, {INTERRUPTED}}},
    [FAULT_RENAMEAT] = {"renameat",
        {{FAILS(EACCES)}, {FAILS(EIO)}, {FAILS(EXDEV)}, {INTERRUPTED}}},
    [FAULT_RENAMEAT2] = {"renameat2",
        {{FAILS(EINVAL)}, {FAILS(EIO)}, {FAILS(EXDEV)}, {INTERRUPTED}}},
    [FAULT_UNLINKAT] = {"unlinkat", {{FAILS(EIO)}, {FAILS(EACCES)}, {INTERRUPTED}}},
    [FAULT_PREAD] = {"pread", {{FAILS(EIO)}, {INTERRUPTED}, {SHORT}, {SHORT_THEN(EIO)}}},
    [FAULT_PWRITE] = {"pwrite",
        {{FAILS(ENOSPC)}, {FAILS(EIO)}, {FAILS(EDQUOT)}, {INTERRUPTED}, {SHORT},
            {SHORT_THEN(ENOSPC)}, {NOTHING, .error = ENOSPC}}},
    [FAULT_READ] = {"read",
        {{FAILS(EIO)}, {FAILS(EINVAL)}, {INTERRUPTED}, {SHORT}, {SHORT_THEN(EIO)}}},
    [FAULT_WRITE] = {"write",
        {{FAILS(ENOSPC)}, {FAILS(EIO)}, {FAILS(EDQUOT)}, {INTERRUPTED}, {SHORT},
            {SHORT_THEN(ENOSPC)}, {NOTHING, .error = ENOSPC}}},
    [FAULT_COPY_FILE_RANGE] = {"copy_file_range",
        {{FAILS(EXDEV)}, {FAILS(EIO)}, {FAILS(ENOSPC)}, {INTERRUPTED}, {SHORT},
            {SHORT_THEN(EIO)}}},
    [FAULT_GETRANDOM] = {"getrandom",
        {{PASSES(ENOSYS)}, {PASSES(EPERM)}, {PASSES(EAGAIN)}, {INTERRUPTED}}},
    [FAULT_CLOSE] = {"close", {{FAILS(EIO)}, {INTERRUPTED}}},
    [FAULT_DUPFD] = {"fcntl with F_DUPFD_CLOEXEC", {{FAILS(EMFILE)}, {INTERRUPTED}}},
    [FAULT_SETFL] = {"fcntl with F_SETFL", {{FAILS(EPERM)}}},
    [FAULT_FACCESSAT] = {"faccessat",
        {{FAILS(EACCES)}, {FAILS(EIO)}, {FAILS(EROFS)}, {PASSES(ENOSYS)}, {INTERRUPTED}}},
    [FAULT_FCHOWN] = {"fchown", {{FAILS(EPERM)}, {FAILS(EIO)}, {INTERRUPTED}}},
    [FAULT_FGETXATTR] = {"fgetxattr",
        {{FAILS(EIO)}, {PASSES(ENODATA)}, {PASSES(ENOSYS)}, {INTERRUPTED}, {GROWN}}},
    [FAULT_FLISTXATTR] = {"flistxattr",
        {{FAILS(EIO)}, {PASSES(ENOSYS)}, {INTERRUPTED}, {GROWN}}},
    [FAULT_FSETXATTR] = {"fsetxattr", {{FAILS(EIO)}, {FAILS(ENOSPC)}, {PASSES(EPERM)},
                                          {PASSES(ENOSYS)}, {INTERRUPTED}}},
    [FAULT_FSTAT] = {"fstat", {{FAILS(EIO)}, {FAILS(ENOMEM)}, {INTERRUPTED}}},
    [FAULT_FSTATFS] = {"fstatfs", {{FAILS(EIO), LOUDLY}, {INTERRUPTED}}},
    [FAULT_FSTATAT] = {"fstatat",
        {{FAILS(EIO)}, {FAILS(ENOMEM)}, {FAILS(EACCES)}, {INTERRUPTED}}},
    [FAULT_FTRUNCATE] = {"ftruncate", {{FAILS(EIO)}, {FAILS(ENOSPC)}, {INTERRUPTED}}},
    [FAULT_GETCWD] = {"getcwd", {{FAILS(ENOENT)}, {FAILS(EACCES)}}},
    [FAULT_LSEEK] = {"lseek", {{FAILS(EOVERFLOW)}}},
    [FAULT_MEMFD_CREATE] = {"memfd_create",
        {{FAILS(EMFILE)}, {FAILS(ENOMEM)}, {PASSES(EINVAL)}}},
    [FAULT_MMAP] = {"mmap", {{FAILS(ENOMEM)}, {FAILS(ENODEV)}}},
    [FAULT_MUNMAP] = {"munmap", {{FAILS(ENOMEM)}}},
#ifdef SYS_pwritev2
    [FAULT_PWRITEV2] = {"pwritev2",
        {{FAILS(ENOSPC)}, {FAILS(EIO)}, {FAILS(EOPNOTSUPP)}, {PASSES(ENOSYS)},
            {PASSES(EPERM)}, {PASSES(EINVAL)}, {INTERRUPTED}, {SHORT},
            {SHORT_THEN(ENOSPC)}, {NOTHING, .debt = UNSEEN}}},
#endif
    [FAULT_READLINK] = {"readlink", {{FAILS(EIO)}, {TOO_LONG}, {INTERRUPTED}}},
    [FAULT_READLINKAT] = {"readlinkat",
        {{FAILS(EIO)}, {FAILS(EACCES)}, {TOO_LONG}, {INTERRUPTED}}},
    [FAULT_REMOVE] = {"remove",
        {{FAILS(EIO), LOUDLY}, {FAILS(EACCES), LOUDLY}, {INTERRUPTED}}},
    [FAULT_RENAME] = {"rename",
        {{FAILS(EIO), LOUDLY}, {FAILS(EACCES), LOUDLY}, {INTERRUPTED}}},
    [FAULT_STAT] = {"stat", {{FAILS(EIO)}, {FAILS(EACCES)}, {INTERRUPTED}}},
#ifdef SYS_statx
    [FAULT_STATX] = {"statx", {{FAILS(EIO)}, {FAILS(ENOMEM)}, {PASSES(EPERM)},
                                  {PASSES(ENOSYS)}, {INTERRUPTED}}},
#endif
    [FAULT_SYNCFS] = {"syncfs", {{FAILS(EIO), LOUDLY}, {INTERRUPTED}}},
    [FAULT_UNLINK] = {"unlink", {{FAILS(EIO)}, {INTERRUPTED}}},
    [FAULT_DUP3] = {"dup3", {{FAILS(EMFILE)}, {PASSES(EBUSY)}, {INTERRUPTED}}},
    [FAULT_CUSTOM_READ] = {"read of a custom stream",
        {{FAILS(EIO)}, {FAILS(EBADMSG)}, {INTERRUPTED}, {SHORT}, {SHORT_THEN(EIO)}}},
    [FAULT_CUSTOM_WRITE] = {"write of a custom stream",
        {{FAILS(ENOSPC)}, {FAILS(EDQUOT)}, {INTERRUPTED}, {SHORT}, {SHORT_THEN(ENOSPC)},
            {NOTHING, .error = EIO}}},
    [FAULT_CUSTOM_SIZE] = {"size of a custom stream",
        {{FAILS(EIO)}, {FAILS(ESTALE)}, {INTERRUPTED}}},
    [FAULT_CUSTOM_TRUNCATE] = {"truncate of a custom stream",
        {{FAILS(EROFS)}, {FAILS(ENOSPC)}, {INTERRUPTED}}},
    [FAULT_CUSTOM_CLOSE] = {"close of a custom stream",
        {{FAILS(EIO), LOUDLY}, {FAILS(EDQUOT), LOUDLY}}},
};

/* ---- Turns ---------------------------------------------------------------------------
 */

static size_t number_armed;
static size_t index_armed;
static bool lasting;
static size_t number; /* of the last call */
static const struct failure *struck;
static enum fault_call struck_call;
static bool was_struck[FAULT_CALL_COUNT];

void turns_stop(void)
{
    faults.strike = NULL;
}

static enum fault strike_later(enum fault_call call)
{
    bool goes_on = lasting || struck->fault == FAULT_SHORT;
    if (call != struck_call || !struck->fails_then || !goes_on)
        return FAULT_NONE;
    errno = struck->error;
    return FAULT_FAILS;
}

static enum fault strike(enum fault_call call)
{
    if (struck != NULL)
        return strike_later(call);
    if (++number != number_armed)
        return FAULT_NONE;
    struck = &calls[call].failures[index_armed];
    struck_call = call;
    was_struck[call] = true;
    if (struck->fault == FAULT_FAILS)
        errno = struck->error;
    return struck->fault;
}

void turns_arm(size_t number_of_call, size_t index, bool for_ever)
{
    number_armed = number_of_call;
    index_armed = index;
    lasting = for_ever;
    number = 0;
    struck = NULL;
    forget_calls();
    faults.strike = strike;
}

static struct faults paused;

void turns_pause(void)
{
    paused = faults;
    faults = (struct faults){0};
}

void turns_resume(void)
{
    faults = paused;
}

/* ---- The call that has failed --------------------------------------------------------
 */

const struct failure *turns_failure(void)
{
    return struck;
}

enum fault_call turns_call(void)
{
    return struck_call;
}

bool turns_have(size_t index)
{
    return index < MOST_FAILURES && calls[struck_call].failures[index].name != NULL;
}

const char *turns_never_struck(void)
{
    static size_t next;
    while (next < FAULT_CALL_COUNT) {
        size_t call = next++;
        if (calls[call].name != NULL && !was_struck[call])
            return calls[call].name;
    }
    return NULL;
}

const char *turns_text(void)
{
    static char text[200];
    if (struck == NULL)
        return "no fault";
    (void) snprintf(text, sizeof text, "call %zu, %s: %s%s", number,
        calls[struck_call].name, struck->name, lasting ? ", and so on" : "");
    return text;
}
