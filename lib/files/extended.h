/* statx(2), which tells more of a file than fstat does. */
#ifndef EXTENDED_H
#define EXTENDED_H

#include <stdint.h>

/* The members to be filled in (stx_mask). Attributes always are. */
enum extended_question {
    EXTENDED_NOTHING = 0,
    EXTENDED_SIZE = 0x200,
    EXTENDED_MOUNT = 0x1000 /* answered since Linux 5.8 */
};

/* The bits of the attributes (stx_attributes). */
enum {
    EXTENDED_IMMUTABLE = 0x10,
    EXTENDED_APPEND = 0x20,
    EXTENDED_MOUNT_ROOT = 0x2000, /* since Linux 5.8 */
    EXTENDED_VERITY = 0x100000    /* since Linux 5.5 */
};

/* The kernel's struct statx, which is part of its interface. The C library may have none,
 * and not all compilers find the kernel's headers. */
struct extended_status {
    uint32_t answered;
    uint32_t block_size;
    uint64_t attributes;
    uint32_t links_and_owner[3];
    uint16_t mode[2];
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;
    uint64_t known_attributes;
    uint64_t times[8];
    uint32_t devices[4];
    uint64_t mount;
    uint64_t later[13];
};

/* Asks for the file PATH in DIRECTORY; if PATH is "", for the file that is open as
 * DIRECTORY. 0, or -1 with errno: ENOSYS before Linux 4.11, EPERM in some sandboxes. */
int extended_status(int directory, const char *path, enum extended_question question,
    struct extended_status *status);

/* Sets *ATTRIBUTES of the same file, to 0 if the kernel or a sandbox has no statx. 0, or
 * -1 with errno. */
int extended_attributes(int directory, const char *path, uint64_t *attributes);

#endif
