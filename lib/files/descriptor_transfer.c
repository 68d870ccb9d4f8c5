/* Reading and writing. */
#include <config.h>

#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- Reading --------------------------------------------------------------------- */

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
    /* If lseek fails, this is more than any size. */
    uint64_t most = (uint64_t) INT64_MAX - (uint64_t) lseek(descriptor, 0, SEEK_CUR);
    return size > most ? read(descriptor, buffer, (size_t) most) : call_fail(EINVAL);
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

/* ---- Writing --------------------------------------------------------------------- */

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
    bool appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
    return write_all(appends ? write_not_appending : write_at, descriptor, data, size,
        position, written);
}

int descriptor_write(int descriptor, const void *data, size_t size, size_t *written)
{
    return write_all(write_on, descriptor, data, size, 0, written);
}

void descriptor_take_back(int descriptor, int64_t end, int64_t size)
{
    int error = errno;
    if (end > size && descriptor_size(descriptor) == end)
        (void) descriptor_truncate(descriptor, size);
    errno = error;
}

ssize_t descriptor_append(int descriptor, const void *data, size_t size, int64_t end)
{
    enum { APPEND = 0x10 }; /* the kernel's RWF_APPEND */
    ssize_t count = RETRY(write_with(descriptor, data, size, 0, APPEND));
    if (count == -1 && is_unknown_call(errno))
        return RETRY(write_at(descriptor, data, size, end));
    return count;
}
