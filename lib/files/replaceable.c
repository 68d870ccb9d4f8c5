#include <config.h>

#include "files/replaceable.h"

#include "base/call.h"
#include "files/descriptor.h"
#include "files/extended.h"
#include "files/protection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int replaceable_check_type(const struct stat *status)
{
    if (S_ISREG(status->st_mode))
        return 0;
    return call_fail(S_ISDIR(status->st_mode) ? EISDIR : EINVAL);
}

/* ---- Attributes of chattr, and mount points -------------------------------------- */

/* A directory that has been removed takes no new name, but still files without a name. */
int replaceable_check_directory(struct target *target)
{
    struct stat status;
    uint64_t attributes;
    if (RETRY(fstat(target->directory, &status)) != 0 ||
        extended_attributes(target->directory, "", &attributes) != 0)
        return -1;
    if (status.st_nlink == 0)
        return call_fail(ENOENT);
    target->is_append_only = (attributes & EXTENDED_APPEND) != 0;
    return 0;
}

/* Replacing the file fails by itself if the kernel cannot tell the attributes. */
static int check_attributes(const struct target *target)
{
    uint64_t attributes;
    uint64_t fixed = EXTENDED_IMMUTABLE | EXTENDED_APPEND | EXTENDED_VERITY;
    if (extended_attributes(target->file, "", &attributes) != 0)
        return -1;
    if ((attributes & fixed) != 0 || target->is_append_only)
        return call_fail(EPERM);
    return (attributes & EXTENDED_MOUNT_ROOT) != 0 ? call_fail(EBUSY) : 0;
}

/* ---- Permission to write --------------------------------------------------------- */

#ifndef SYS_faccessat2
#define SYS_faccessat2 439 /* the same for all processors but Alpha */
#endif

/* Opening the file shows to those who watch it (inotify(7)), so this is the last resort.
 * A program that is being run (ETXTBSY) can be replaced. */
static int try_to_open(const struct target *target)
{
    int file = descriptor_open(
        target->directory, target->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    descriptor_close(file);
    return file != -1 || errno == ETXTBSY ? 0 : -1;
}

/* By its number, because the faccessat of glibc before 2.33 checks the real user, who may
 * be another than the effective one. Kernels and sandboxes that do not know it answer
 * ENOSYS or EPERM. They know the older system call faccessat, so its EPERM is the file's;
 * but it checks the real user, too. */
static int check_access(const struct target *target)
{
    int status = (int) RETRY(
        syscall(SYS_faccessat2, target->directory, target->name, W_OK, AT_EACCESS));
    if (status == 0 || (errno != EPERM && errno != ENOSYS))
        return status;
    status = (int) RETRY(syscall(SYS_faccessat, target->directory, target->name, W_OK));
    bool is_file_error = status != 0 && errno == EPERM;
    bool is_real_user = getuid() == geteuid() && getgid() == getegid();
    return is_file_error || is_real_user ? status : try_to_open(target);
}

int replaceable_check(const struct target *target)
{
    if (replaceable_check_type(&target->status) != 0 ||
        protection_check_writing(target->directory, &target->status) != 0 ||
        check_access(target) != 0 || check_attributes(target) != 0)
        return -1;
    return protection_check_replacing(target->directory, &target->status);
}
