#include <config.h>

#include "files/publish.h"

#include "base/call.h"
#include "filelike.h"
#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Renaming without replacing -------------------------------------------------- */

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1u
#endif

/* By its number, because the C library may have no renameat2, and glibc's calls renameat
 * if there are no flags. */
static int rename_with_flags(
    int directory, const char *name, int to_directory, const char *to, unsigned flags)
{
    return (int) RETRY(syscall(SYS_renameat2, directory, name, to_directory, to, flags));
}

/* Whether ERROR of a renameat2 of NAME means that the kernel or the filesystem does not
 * know RENAME_NOREPLACE. EPERM can also come from a sandbox that does not know the call.
 * Renaming the file to itself without flags changes nothing, and shows which it is. */
static bool rename_is_unknown(int error, int directory, const char *name)
{
    if (error == EPERM)
        return rename_with_flags(directory, name, directory, name, 0) != 0;
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

/* Whether ERROR comes from a filesystem without hard links, or one that allows this file
 * no more of them. */
static bool links_are_refused(int error)
{
    return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

static int link_and_unlink(
    int directory, const char *name, int to_directory, const char *to)
{
    if (RETRY(linkat(directory, name, to_directory, to, 0)) != 0)
        return call_fail(links_are_refused(errno) ? ENOTSUP : errno);
    (void) RETRY(unlinkat(directory, name, 0));
    return 0;
}

int publish_without_replacing(
    int directory, const char *name, int to_directory, const char *to)
{
    if (rename_with_flags(directory, name, to_directory, to, RENAME_NOREPLACE) == 0)
        return 0;
    int error = errno;
    if (rename_is_unknown(error, directory, name))
        return link_and_unlink(directory, name, to_directory, to);
    return call_fail(error);
}

/* ---- Publishing ------------------------------------------------------------------ */

int publish_rename(
    int directory, const char *name, const struct target *target, unsigned flags)
{
    sigset_t signals;
    int status;
    if (target_begin_publishing(target, &signals) != 0)
        return -1;
    if (flags & FILELIKE_NOREPLACE)
        status =
            publish_without_replacing(directory, name, target->directory, target->name);
    else
        status = RETRY(renameat(directory, name, target->directory, target->name));
    call_release_signals(&signals);
    return status;
}

int publish_link(int descriptor, const struct target *target)
{
    sigset_t signals;
    if (target_begin_publishing(target, &signals) != 0)
        return -1;
    int status = descriptor_link(descriptor, target->directory, target->name);
    call_release_signals(&signals);
    return status;
}

/* EXDEV: the target is on another filesystem. ENOENT: there is no /proc, or the file can
 * never have a name again (made by O_TMPFILE with O_EXCL, or unlinked). */
bool publish_link_is_impossible(int error)
{
    return error == EXDEV || error == ENOENT || links_are_refused(error);
}

/* ---- Making sure of the bytes ---------------------------------------------------- */

/* Some filesystems report a lost write only when a descriptor is closed, each time that
 * one is. So a duplicate is closed. If there can be no duplicate, nothing is lost yet. */
int publish_sync(int descriptor, unsigned flags, bool *is_lost)
{
    int duplicate = descriptor_duplicate(descriptor);
    *is_lost = false;
    if (duplicate == -1)
        return -1;
    if ((flags & FILELIKE_NOSYNC) == 0 && RETRY(fsync(descriptor)) != 0) {
        descriptor_close(duplicate);
        *is_lost = true;
        return -1;
    }
    *is_lost = descriptor_close_checked(duplicate) != 0;
    return *is_lost ? -1 : 0;
}
