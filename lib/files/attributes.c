#include <config.h>

#include "files/attributes.h"

#include "base/call.h"
#include "files/descriptor.h"
#include "files/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SPECIAL_BITS = S_ISUID | S_ISGID | S_ISVTX, MODE_BITS = 07777 };

bool attributes_is_refusal(int error)
{
    return error == EPERM || error == EACCES || error == EINVAL || error == EOPNOTSUPP ||
           error == ENOSYS;
}

/* ---- Reading --------------------------------------------------------------------- */

static int read_rights(struct rights *rights, int descriptor, mode_t mode)
{
    char *acl;
    size_t size;
    int found = xattr_read(descriptor, ACCESS_ACL, &acl, &size);
    if (found == 1)
        found = rights_from_acl(rights, acl, size);
    else if (found == 0)
        *rights = rights_from_mode(mode);
    call_free(acl);
    return found;
}

int attributes_read(struct attributes *attributes, int descriptor)
{
    struct stat status;
    *attributes = (struct attributes){0};
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    attributes->owner = status.st_uid;
    attributes->group = status.st_gid;
    attributes->special = status.st_mode & SPECIAL_BITS;
    if (read_rights(&attributes->rights, descriptor, status.st_mode) == 0 &&
        xattr_read_all(&attributes->extended, descriptor) == 0)
        return 0;
    attributes_finish(attributes);
    return -1;
}

void attributes_set_mode(struct attributes *attributes, mode_t mode)
{
    rights_finish(&attributes->rights);
    attributes->rights = rights_from_mode(mode);
    attributes->special = mode & SPECIAL_BITS;
    attributes->is_chosen = true;
}

void attributes_finish(struct attributes *attributes)
{
    rights_finish(&attributes->rights);
    xattr_free(attributes->extended);
    attributes->extended = NULL;
}

/* ---- Giving ---------------------------------------------------------------------- */

/* A process that may not change the owner tries to set the group alone. The status is
 * read again, because some filesystems ignore a change without an error. */
static int apply_owner(
    const struct attributes *attributes, int descriptor, struct rights_lost *lost)
{
    struct stat status;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    if (status.st_uid != attributes->owner || status.st_gid != attributes->group) {
        if (RETRY(fchown(descriptor, attributes->owner, attributes->group)) != 0 &&
            (!attributes_is_refusal(errno) ||
                (RETRY(fchown(descriptor, (uid_t) -1, attributes->group)) != 0 &&
                    !attributes_is_refusal(errno))))
            return -1;
        if (RETRY(fstat(descriptor, &status)) != 0)
            return -1;
    }
    *lost = (struct rights_lost){
        .owner = status.st_uid != attributes->owner,
        .group = status.st_gid != attributes->group,
        .old_owner = attributes->owner,
    };
    return 0;
}

static int set_acl(
    const struct rights *rights, int descriptor, const char *old, size_t old_size)
{
    size_t size;
    void *acl = rights_to_acl(rights, &size);
    if (acl == NULL)
        return -1;
    bool same = old != NULL && size == old_size && memcmp(acl, old, size) == 0;
    int status = same ? 0 : RETRY(fsetxattr(descriptor, ACCESS_ACL, acl, size, 0));
    call_free(acl);
    return status;
}

/* The kernel turns an ACL without mask and named entries into a mode. So the old ACL goes
 * in the same step in which the new mode comes. */
static int apply_acl(struct rights *rights, int descriptor)
{
    char *old;
    size_t old_size = 0;
    int status = xattr_read(descriptor, ACCESS_ACL, &old, &old_size);
    if (status == -1)
        return -1;
    status = 0;
    if (rights->has_acl || old != NULL)
        status = set_acl(rights, descriptor, old, old_size);
    if (status != 0 && rights->has_acl && attributes_is_refusal(errno)) {
        rights_narrow(rights, &(struct rights_lost){.named = true});
        status = old != NULL ? set_acl(rights, descriptor, NULL, 0) : 0;
    }
    call_free(old);
    return status;
}

int attributes_apply_bits(int descriptor, mode_t mode)
{
    struct stat status;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    return (status.st_mode & MODE_BITS) == mode ? 0 : RETRY(fchmod(descriptor, mode));
}

int attributes_apply_mode(int descriptor, mode_t mode)
{
    struct rights rights = rights_from_mode(mode);
    return apply_acl(&rights, descriptor) == 0 ? attributes_apply_bits(descriptor, mode)
                                               : -1;
}

/* Returns the mode that a file of MODE has after this process has written to it. A write
 * without CAP_FSETID takes set-user-ID and set-group-ID from a file. A file in memory
 * shows what the kernel does here. */
static mode_t mode_after_write(mode_t mode)
{
    struct stat status;
    if ((mode & (S_ISUID | S_ISGID)) == 0)
        return mode;
    int file = descriptor_create_in_memory(O_RDWR, mode);
    bool is_known =
        file != -1 && RETRY(ftruncate(file, 1)) == 0 && RETRY(fstat(file, &status)) == 0;
    descriptor_close(file);
    return is_known ? status.st_mode & MODE_BITS : mode & ~(mode_t) (S_ISUID | S_ISGID);
}

int attributes_apply(struct attributes *attributes, int descriptor)
{
    struct rights_lost lost;
    struct rights *rights = &attributes->rights;
    if (xattr_apply(attributes->extended, descriptor) != 0 ||
        apply_owner(attributes, descriptor, &lost) != 0)
        return -1;
    if (!attributes->is_chosen) {
        rights_narrow(rights, &lost);
        /* Set-user-ID and set-group-ID would lend the rights of somebody else. */
        if (lost.owner || lost.group)
            attributes->special &= S_ISVTX;
    }
    if (apply_acl(rights, descriptor) != 0)
        return -1;
    mode_t mode = attributes->special | rights_to_mode(rights);
    return attributes_apply_bits(
        descriptor, attributes->is_chosen ? mode : mode_after_write(mode));
}

void attributes_revert(
    const struct attributes *given, struct attributes *before, int descriptor)
{
    xattr_remove(given->extended, before->extended, descriptor);
    (void) attributes_apply(before, descriptor);
}
