#include <config.h>

#include "files/extended.h"

#include "base/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_SIZE = 256 /* bytes that the kernel writes */ };

_Static_assert(sizeof(struct extended_status) == STATUS_SIZE, "size of struct statx");

#ifdef SYS_statx
int extended_status(int directory, const char *path, enum extended_question question,
    struct extended_status *status)
{
    return (int) RETRY(
        syscall(SYS_statx, directory, path, AT_EMPTY_PATH, question, status));
}
#else
int extended_status(int directory, const char *path, enum extended_question question,
    struct extended_status *status)
{
    (void) directory, (void) path, (void) question, (void) status;
    return call_fail(ENOSYS);
}
#endif

int extended_attributes(int directory, const char *path, uint64_t *attributes)
{
    struct extended_status status = {0};
    int result = extended_status(directory, path, EXTENDED_NOTHING, &status);
    *attributes = status.attributes;
    bool is_unknown = errno == ENOSYS || errno == EPERM || errno == EINVAL;
    return result == 0 || is_unknown ? 0 : -1;
}
