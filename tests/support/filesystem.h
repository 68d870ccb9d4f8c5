/* Filesystems on disks of a test's own. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct filesystem {
    const char *name;
    const char *type;    /* the type for mount */
    const char *options; /* the options for mount; NULL: none */
    const char *serve;  /* instead of both: a program that serves it through FUSE and goes
                         * on, with its arguments but source and directory */
    const char *source; /* the source to mount, if that is not a disk */
    const char *make;   /* the command that makes it, without the path of the disk */
    size_t size;        /* bytes of the disk; 0: needs no disk */
    /* The filesystem relies on the disk to store its superblock whole or not at all.
     * This is its position on the disk, and its size in bytes. */
    uint64_t whole_start;
    size_t whole_size;
};

/* Filesystems whose journals survive power cuts. */
extern const struct filesystem filesystem_ext4, filesystem_ext4_small_blocks,
    filesystem_xfs, filesystem_btrfs;

/* Makes the filesystem on the disk or in the file at PATH. Returns NULL, or why it
 * cannot. */
const char *filesystem_make(const struct filesystem *filesystem, const char *path);

/* Mounts the filesystem on DEVICE. False with errno; ENODEV: the kernel lacks this type.
 */
bool filesystem_mount(
    const struct filesystem *filesystem, const char *device, const char *directory);

/* A mounted filesystem. */
struct mounted {
    const char *directory;
    pid_t server; /* -1: the kernel */
};

/* Mounts a new filesystem over DIRECTORY, in mounts of the test's own (mounts_begin). If
 * it needs a disk, that disk is in memory. A process that serves it ends with the test,
 * or after a while. Returns NULL, or why the filesystem cannot be mounted. */
const char *filesystem_begin(
    struct mounted *mounted, const struct filesystem *filesystem, const char *directory);
void filesystem_end(struct mounted *mounted);

#endif
