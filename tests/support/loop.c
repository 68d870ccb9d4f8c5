#include <config.h>

#include "loop.h"

#include <errno.h>

#ifdef HAVE_LINUX_LOOP_H

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_free(char device[LOOP_PATH_SIZE])
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control == -1)
        return -1;
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    (void) close(control);
    if (number == -1)
        return -1;
    (void) snprintf(device, LOOP_PATH_SIZE, "/dev/loop%d", number);
    return open(device, O_RDWR | O_CLOEXEC);
}

/* Another process may be faster and take the device: then there is another one. */
static int configure(const struct loop_config *config, char device[LOOP_PATH_SIZE])
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        int loop = open_free(device);
        if (loop == -1 || ioctl(loop, LOOP_CONFIGURE, config) == 0)
            return loop;
        int error = errno;
        (void) close(loop);
        errno = error;
        if (error != EBUSY)
            return -1;
    }
    return -1;
}

int loop_attach(const char *path, char device[LOOP_PATH_SIZE])
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file == -1)
        return -1;
    struct loop_config config = {
        .fd = (unsigned) file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    int loop = configure(&config, device);
    int error = errno;
    (void) close(file);
    errno = error;
    return loop;
}

#else

int loop_attach(const char *path, char device[LOOP_PATH_SIZE])
{
    (void) path, (void) device;
    errno = ENOSYS;
    return -1;
}

#endif
