#include <config.h>

#include "files/extended.h"

#include "base/call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_SIZE = 256 /* bytes that the kernel writes */ };

_Static_assert(sizeof(struct extended_status) == STATUS_SIZE, "size of struct statx");

#ifdef SYS_statx
int extended_status(
    int descriptor, enum extended_question question, struct extended_status *status)
{
    return (int) RETRY(
        syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, question, status));
}
#else
int extended_status(
    int descriptor, enum extended_question question, struct extended_status *status)
{
    (void) descriptor, (void) question, (void) status;
    return call_fail(ENOSYS);
}
#endif
