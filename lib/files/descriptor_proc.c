/* The paths of descriptors in /proc, and what can be done by them alone. */
#include <config.h>

#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int descriptor_proc_path(int descriptor, char path[PROC_PATH_SIZE])
{
    (void) snprintf(path, PROC_PATH_SIZE, "/proc/%d/fd/%d", (int) getpid(), descriptor);
    return RETRY(access(path, F_OK)) == 0 ? 0 : call_fail(ENOTSUP);
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
    return RETRY(access(path, F_OK)) == 0 ? 0 : call_fail(ENOTSUP);
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
    if (again != -1)
        return again;
    int flags = fcntl(descriptor, F_GETFL);
    /* pwrite on a descriptor with O_APPEND ignores the position. */
    bool enough = (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
    if (enough && (flags & O_APPEND) == 0)
        return descriptor_duplicate(descriptor);
    return -1;
}

int descriptor_obtain_readable(int descriptor, int *opened)
{
    *opened = -1;
    if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return descriptor;
    *opened = descriptor_open_again(descriptor, O_RDONLY);
    return *opened;
}
