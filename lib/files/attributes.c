#include <config.h>

#include "files/attributes.h"

#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS_ACL "system.posix_acl_access"

enum { SPECIAL_BITS = S_ISUID | S_ISGID | S_ISVTX, MODE_BITS = 07777 };

bool attributes_is_refusal(int error)
{
    return error == EPERM || error == EACCES || error == EINVAL || error == EOPNOTSUPP ||
           error == ENOSYS;
}

static bool is_absent(int error)
{
    return error == ENODATA || attributes_is_refusal(error);
}

/* ---- Extended attributes -------------------------------------------------------------
 */

struct extended_attribute {
    struct extended_attribute *next;
    char *name;
    char *value;
    size_t size;
};

/* fgetxattr fails with EBADF for an O_PATH descriptor. The path in /proc works. */
static ssize_t ask_value(int descriptor, const char *name, void *value, size_t size)
{
    char path[PROC_PATH_SIZE];
    ssize_t length = RETRY(fgetxattr(descriptor, name, value, size));
    if (length != -1 || errno != EBADF)
        return length;
    descriptor_proc_self_path(descriptor, path);
    return RETRY(getxattr(path, name, value, size));
}

/* The same for the list of names. NAME is unused: both functions have one type. */
static ssize_t ask_names(int descriptor, const char *name, void *names, size_t size)
{
    char path[PROC_PATH_SIZE];
    (void) name;
    ssize_t length = RETRY(flistxattr(descriptor, names, size));
    if (length != -1 || errno != EBADF)
        return length;
    descriptor_proc_self_path(descriptor, path);
    return RETRY(listxattr(path, names, size));
}

typedef ssize_t answer_function(
    int descriptor, const char *name, void *answer, size_t size);

/* Asks for the size, and then for the answer, until it fits: another process may make it
 * larger in between. 1 and *SIZE bytes with a '\0' after them, allocated by malloc; 0 if
 * there is no such attribute; or -1. */
static int read_answer(answer_function *ask_for, int descriptor, const char *name,
    char **answer, size_t *size)
{
    ssize_t length;
    *answer = NULL;
    do {
        call_free(*answer);
        *answer = NULL;
        length = ask_for(descriptor, name, NULL, 0);
        if (length == -1)
            break;
        *answer = malloc((size_t) length + 1);
        if (*answer == NULL)
            return -1;
        length = ask_for(descriptor, name, *answer, (size_t) length);
    } while (length == -1 && errno == ERANGE);
    if (length == -1) {
        call_free(*answer);
        *answer = NULL;
        return is_absent(errno) ? 0 : -1;
    }
    (*answer)[length] = '\0';
    *size = (size_t) length;
    return 1;
}

/* The ACL is kept elsewhere. The others say how far the kernel trusts the old bytes,
 * which the new file does not have. */
static bool is_copied(const char *name)
{
    static const char *const others[] = {
        ACCESS_ACL, "security.capability", "security.ima", "security.evm"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(name, others[i]) == 0)
            return false;
    }
    return true;
}

static void free_attribute(struct extended_attribute *attribute)
{
    if (attribute == NULL)
        return;
    call_free(attribute->name);
    call_free(attribute->value);
    call_free(attribute);
}

static int read_one(struct attributes *attributes, int descriptor, const char *name)
{
    struct extended_attribute *one = calloc(1, sizeof *one);
    if (one == NULL)
        return -1;
    one->name = strdup(name);
    int found = one->name == NULL
                    ? -1
                    : read_answer(ask_value, descriptor, name, &one->value, &one->size);
    if (found != 1) {
        free_attribute(one);
        return found;
    }
    one->next = attributes->extended;
    attributes->extended = one;
    return 0;
}

static int read_extended(struct attributes *attributes, int descriptor)
{
    char *names;
    size_t size = 0;
    int status = read_answer(ask_names, descriptor, NULL, &names, &size);
    if (status == 1)
        status = 0;
    for (const char *name = names; status == 0 && name != NULL && name < names + size;
         name += strlen(name) + 1) {
        if (is_copied(name))
            status = read_one(attributes, descriptor, name);
    }
    call_free(names);
    return status;
}

static bool has_value(int descriptor, const struct extended_attribute *attribute)
{
    char *value;
    size_t size;
    bool same = read_answer(ask_value, descriptor, attribute->name, &value, &size) == 1 &&
                size == attribute->size && memcmp(value, attribute->value, size) == 0;
    call_free(value);
    return same;
}

static int apply_extended(const struct attributes *attributes, int descriptor)
{
    const struct extended_attribute *one = attributes->extended;
    for (; one != NULL; one = one->next) {
        if (!has_value(descriptor, one) &&
            RETRY(fsetxattr(descriptor, one->name, one->value, one->size, 0)) != 0 &&
            !attributes_is_refusal(errno))
            return -1;
    }
    return 0;
}

static bool has_extended(const struct attributes *attributes, const char *name)
{
    const struct extended_attribute *one = attributes->extended;
    while (one != NULL && strcmp(one->name, name) != 0)
        one = one->next;
    return one != NULL;
}

/* ---- Reading -------------------------------------------------------------------------
 */

static int read_rights(struct rights *rights, int descriptor, mode_t mode)
{
    char *acl;
    size_t size;
    int found = read_answer(ask_value, descriptor, ACCESS_ACL, &acl, &size);
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
        read_extended(attributes, descriptor) == 0)
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
    while (attributes->extended != NULL) {
        struct extended_attribute *one = attributes->extended;
        attributes->extended = one->next;
        free_attribute(one);
    }
}

/* ---- Giving --------------------------------------------------------------------------
 */

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
    int status = read_answer(ask_value, descriptor, ACCESS_ACL, &old, &old_size);
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

static int apply_mode(mode_t mode, int descriptor)
{
    struct stat status;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    return (status.st_mode & MODE_BITS) == mode ? 0 : RETRY(fchmod(descriptor, mode));
}

int attributes_apply_mode(int descriptor, mode_t mode)
{
    struct rights rights = rights_from_mode(mode);
    return apply_acl(&rights, descriptor) == 0 ? apply_mode(mode, descriptor) : -1;
}

int attributes_apply(const struct attributes *attributes, int descriptor)
{
    struct rights_lost lost;
    struct rights rights;
    if (apply_extended(attributes, descriptor) != 0 ||
        apply_owner(attributes, descriptor, &lost) != 0 ||
        rights_copy(&rights, &attributes->rights) != 0)
        return -1;
    mode_t special = attributes->special;
    if (!attributes->is_chosen) {
        rights_narrow(&rights, &lost);
        /* Set-user-ID and set-group-ID would lend the rights of somebody else. */
        if (lost.owner || lost.group)
            special &= S_ISVTX;
    }
    int status = apply_acl(&rights, descriptor);
    if (status == 0)
        status = apply_mode(special | rights_to_mode(&rights), descriptor);
    rights_finish(&rights);
    return status;
}

static void restore_attributes(
    const struct attributes *given, const struct attributes *before, int descriptor)
{
    const struct extended_attribute *one = given->extended;
    for (; one != NULL; one = one->next) {
        if (!has_extended(before, one->name))
            (void) RETRY(fremovexattr(descriptor, one->name));
    }
    (void) attributes_apply(before, descriptor);
}

void attributes_revert(
    const struct attributes *given, const struct attributes *before, int descriptor)
{
    KEEPING_ERRNO(restore_attributes(given, before, descriptor));
}
