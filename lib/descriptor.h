/* System calls on descriptors, without EINTR and short transfers. */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Repeats CALL, an int or ssize_t expression, while a signal interrupts it. */
#define RETRY(call)                              \
    (__extension__({                             \
        __typeof__(call) result_;                \
        do                                       \
            result_ = (call);                    \
        while (result_ == -1 && errno == EINTR); \
        result_;                                 \
    }))

/* As pread, but short only at the end of the file. */
ssize_t descriptor_read(int descriptor, void *buffer, size_t size, int64_t position);

/* All SIZE bytes at POSITION, or -1; *WRITTEN tells how many the file took. */
int descriptor_write(
    int descriptor, const void *data, size_t size, int64_t position, size_t *written);

int descriptor_truncate(int descriptor, int64_t size);

/* Closes DESCRIPTOR unless it is -1, and leaves errno as it is. */
void descriptor_close(int descriptor);

/* True for a memory file of the kernel, memfd_create's. */
bool descriptor_in_memory(int descriptor);

/* A new open file description for the file of DESCRIPTOR, which may have no name; ACCESS
 * is O_RDONLY, O_WRONLY or O_RDWR. -1 with errno, ENOENT where there is no /proc. */
int descriptor_open_again(int descriptor, int access);

/* The same, or a duplicate of DESCRIPTOR where that may do as much; never in append mode.
 */
int descriptor_share(int descriptor, int access);

#endif
