#include <config.h>

#include "filesystem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define MIB ((size_t) 1 << 20)

/* Where a superblock is torn, e2fsck(8) or btrfs-rescue(8) has to put another one in its
 * place. That of xfs is one sector. */
#define EXT4_SUPERBLOCK .whole_start = 1024, .whole_size = 1024
#define BTRFS_SUPERBLOCK .whole_start = 65536, .whole_size = 4096

const struct filesystem filesystem_ext4 = {
    .name = "ext4",
    .type = "ext4",
    .make = "mkfs.ext4 -q -F -E nodiscard -b 4096",
    .size = 32 * MIB,
    EXT4_SUPERBLOCK,
};

const struct filesystem filesystem_ext4_small_blocks = {
    .name = "ext4-1k",
    .type = "ext4",
    .make = "mkfs.ext4 -q -F -E nodiscard -b 1024",
    .size = 16 * MIB,
    EXT4_SUPERBLOCK,
};

const struct filesystem filesystem_xfs = {
    .name = "xfs",
    .type = "xfs",
    .make = "mkfs.xfs -q -f -K",
    .size = 300 * MIB,
};

const struct filesystem filesystem_btrfs = {
    .name = "btrfs",
    .type = "btrfs",
    .make = "mkfs.btrfs -q -f -K",
    .size = 110 * MIB,
    BTRFS_SUPERBLOCK,
};

enum { COMMAND_ROOM = 512, NOT_FOUND = 127 };

const char *filesystem_make(const struct filesystem *filesystem, const char *path)
{
    char command[COMMAND_ROOM];
    (void) snprintf(command, sizeof command,
        "PATH=$PATH:/usr/sbin:/sbin; %s %s >/dev/null 2>&1", filesystem->make, path);
    int status = system(command);
    if (status == 0)
        return NULL;
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND
               ? "its mkfs is not installed"
               : "its mkfs fails";
}

bool filesystem_mount(
    const struct filesystem *filesystem, const char *device, const char *directory)
{
    return mount(device, directory, filesystem->type, MS_NOSUID | MS_NODEV,
               filesystem->options) == 0;
}
