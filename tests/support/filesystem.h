/* Filesystems on disks of a test's own. */
#ifndef FILESYSTEM_H
#define FILESYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct filesystem {
    const char *name;
    const char *type;    /* as mount takes it */
    const char *options; /* likewise; NULL: none */
    const char *serve;  /* instead of both: a program that serves it through FUSE and goes
                         * on, with its arguments but source and directory */
    const char *source; /* what is mounted, where that is no disk */
    const char *make;   /* the command that makes it, before the path of the disk */
    size_t size;        /* bytes of the disk; 0: none is needed */
    /* The filesystem relies on the disk to store its superblock whole or not at all.
     * This is its position on the disk, and its size in bytes. */
    uint64_t whole_start;
    size_t whole_size;
};

/* Those whose journals bring them through power cuts. */
extern const struct filesystem filesystem_ext4, filesystem_ext4_small_blocks,
    filesystem_xfs, filesystem_btrfs;

/* Makes it on the disk, or in the file, of PATH. NULL, or the reason why it cannot be. */
const char *filesystem_make(const struct filesystem *filesystem, const char *path);

/* Mounts that of DEVICE. False with errno; ENODEV: the kernel has none of this type. */
bool filesystem_mount(
    const struct filesystem *filesystem, const char *device, const char *directory);

/* One that is mounted. */
struct mounted {
    const char *directory;
    pid_t server; /* -1: the kernel */
};

/* Mounts a new filesystem over DIRECTORY, on a disk in memory where it needs one, in
 * mounts of the test's own (mounts_begin). The process that serves it ends with the
 * test, or after a while. NULL, or the reason why this cannot be. */
const char *filesystem_begin(
    struct mounted *mounted, const struct filesystem *filesystem, const char *directory);
void filesystem_end(struct mounted *mounted);

#endif
