#include <config.h>

#include "mounts.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool write_line(const char *path, const char *line)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    bool written = fputs(line, file) >= 0;
    return fclose(file) == 0 && written;
}

/* A user who is not root may be root of a namespace. */
static bool become_own_root(void)
{
    char users[64], groups[64];
    (void) snprintf(users, sizeof users, "0 %ld 1", (long) geteuid());
    (void) snprintf(groups, sizeof groups, "0 %ld 1", (long) getegid());
    return unshare(CLONE_NEWUSER) == 0 && write_line("/proc/self/setgroups", "deny") &&
           write_line("/proc/self/uid_map", users) &&
           write_line("/proc/self/gid_map", groups);
}

bool mounts_begin(void)
{
    if (geteuid() != 0 && !become_own_root())
        return false;
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

bool mount_memory(const char *directory, const char *options)
{
    return mount("none", directory, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

bool mount_read_only(const char *directory)
{
    unsigned long flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    return mount("none", directory, "tmpfs", flags, NULL) == 0;
}

bool unmount(const char *directory)
{
    return umount2(directory, MNT_DETACH) == 0;
}
