#include <config.h>

#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

ssize_t descriptor_read(int descriptor, void *buffer, size_t size, int64_t position)
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

int descriptor_write(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written)
{
    *written = 0;
    while (*written < size) {
        ssize_t count = RETRY(pwrite(descriptor, (const char *) data + *written,
            size - *written, position + (int64_t) *written));
        if (count == 0)
            errno = ENOSPC;
        if (count <= 0)
            return -1;
        *written += (size_t) count;
    }
    return 0;
}

int descriptor_truncate(int descriptor, int64_t size)
{
    return RETRY(ftruncate(descriptor, size));
}

void descriptor_close(int descriptor)
{
    if (descriptor == -1)
        return;
    int saved = errno;
    /* Linux has closed it also where close was interrupted: never twice. */
    (void) close(descriptor);
    errno = saved;
}

/* The kernel keeps all memory files on one device of their own. */
static dev_t memory_device(void)
{
    struct stat status = {0};
    int descriptor = memfd_create("filelike", MFD_CLOEXEC);
    if (descriptor != -1 && fstat(descriptor, &status) != 0)
        status.st_dev = 0;
    descriptor_close(descriptor);
    return status.st_dev;
}

bool descriptor_in_memory(int descriptor)
{
    struct stat status;
    int saved = errno;
    bool nameless = fstat(descriptor, &status) == 0 && status.st_nlink == 0;
    bool in_memory = nameless && status.st_dev == memory_device();
    errno = saved;
    return in_memory;
}

int descriptor_open_again(int descriptor, int access)
{
    char path[sizeof "/proc/self/fd/" + 3 * sizeof descriptor];
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return RETRY(open(path, access | O_CLOEXEC | O_NOCTTY));
}

int descriptor_share(int descriptor, int access)
{
    int flags = fcntl(descriptor, F_GETFL);
    if (flags == -1)
        return -1;
    /* pwrite on a descriptor with O_APPEND ignores the position. */
    bool enough = (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
    if (enough && (flags & O_APPEND) == 0)
        return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return descriptor_open_again(descriptor, access);
}
