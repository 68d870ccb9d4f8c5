#include <config.h>

#include "filesystem.h"

#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t) 1 << 20)

/* e2fsck(8) or btrfs-rescue(8) has to replace a superblock that is torn. That of xfs is
 * one sector, and is never torn. */
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

enum {
    COMMAND_ROOM = 512,
    PATH_ROOM = 64,
    NOT_FOUND = 127,     /* the shell's status if there is no such command */
    SERVER_SECONDS = 60, /* for which a FUSE program serves */
    PATIENCE = 500,      /* times to look whether it serves yet */
    PAUSE_NANOSECONDS = 20000000
};

#define WITH_SYSTEM_PROGRAMS "PATH=$PATH:/usr/sbin:/sbin; "

/* ---- Making --------------------------------------------------------------------------
 */

static const char *reason_of_end(int status)
{
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND
               ? "its program is not installed"
               : "its program fails";
}

const char *filesystem_make(const struct filesystem *filesystem, const char *path)
{
    char command[COMMAND_ROOM];
    (void) snprintf(command, sizeof command, WITH_SYSTEM_PROGRAMS "%s %s >/dev/null 2>&1",
        filesystem->make, path);
    int status = system(command);
    return status == 0 ? NULL : reason_of_end(status);
}

/* ---- Mounting ------------------------------------------------------------------------
 */

bool filesystem_mount(
    const struct filesystem *filesystem, const char *device, const char *directory)
{
    return mount(device, directory, filesystem->type, MS_NOSUID | MS_NODEV,
               filesystem->options) == 0;
}

static dev_t device_of(const char *directory)
{
    struct stat status;
    return stat(directory, &status) == 0 ? status.st_dev : 0;
}

static void run_server(const char *command)
{
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void) alarm(SERVER_SECONDS);
    (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
    _exit(NOT_FOUND);
}

/* Waits until the filesystem of the directory is no longer BEFORE. */
static const char *await_server(struct mounted *mounted, dev_t before)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    int status;
    for (int i = 0; i < PATIENCE && device_of(mounted->directory) == before; i++) {
        if (waitpid(mounted->server, &status, WNOHANG) == mounted->server) {
            mounted->server = -1;
            return reason_of_end(status);
        }
        (void) nanosleep(&pause, NULL);
    }
    return device_of(mounted->directory) == before ? "its program does nothing" : NULL;
}

static const char *serve(
    struct mounted *mounted, const struct filesystem *filesystem, const char *source)
{
    char command[COMMAND_ROOM];
    dev_t before = device_of(mounted->directory);
    (void) snprintf(command, sizeof command,
        WITH_SYSTEM_PROGRAMS "exec %s %s %s >/dev/null 2>&1", filesystem->serve, source,
        mounted->directory);
    mounted->server = fork();
    if (mounted->server == 0)
        run_server(command);
    const char *reason =
        mounted->server == -1 ? strerror(errno) : await_server(mounted, before);
    if (reason != NULL)
        filesystem_end(mounted);
    return reason;
}

static const char *begin_from(
    struct mounted *mounted, const struct filesystem *filesystem, const char *source)
{
    if (filesystem->serve != NULL)
        return serve(mounted, filesystem, source);
    return filesystem_mount(filesystem, source, mounted->directory) ? NULL
                                                                    : strerror(errno);
}

/* ---- On a disk in memory -------------------------------------------------------------
 */

static const char *begin_on(
    struct mounted *mounted, const struct filesystem *filesystem, const char *path)
{
    char device[LOOP_PATH_SIZE];
    const char *reason = filesystem_make(filesystem, path);
    if (reason != NULL)
        return reason;
    int loop = loop_attach(path, device);
    if (loop == -1)
        return strerror(errno);
    reason = begin_from(mounted, filesystem, device);
    (void) close(loop);
    return reason;
}

static const char *begin_on_disk(
    struct mounted *mounted, const struct filesystem *filesystem)
{
    char path[PATH_ROOM];
    int disk = memfd_create("disk", MFD_CLOEXEC);
    if (disk == -1 || ftruncate(disk, (off_t) filesystem->size) != 0)
        return strerror(errno);
    (void) snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long) getpid(), disk);
    const char *reason = begin_on(mounted, filesystem, path);
    (void) close(disk);
    return reason;
}

const char *filesystem_begin(
    struct mounted *mounted, const struct filesystem *filesystem, const char *directory)
{
    *mounted = (struct mounted){.directory = directory, .server = -1};
    return filesystem->size > 0 ? begin_on_disk(mounted, filesystem)
                                : begin_from(mounted, filesystem, filesystem->source);
}

void filesystem_end(struct mounted *mounted)
{
    (void) umount2(mounted->directory, MNT_DETACH);
    if (mounted->server == -1)
        return;
    (void) kill(mounted->server, SIGKILL);
    (void) waitpid(mounted->server, NULL, 0);
    mounted->server = -1;
}
