/* ACLs of files, as the kernel has them (linux/posix_acl_xattr.h). Needs no test
 * framework. */
#ifndef ACL_H
#define ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names of the attributes that hold them. */
#define ACCESS_ACL "system.posix_acl_access"
#define DEFAULT_ACL "system.posix_acl_default"

enum {
    OWNER = 1,
    NAMED_USER = 2,
    ITS_GROUP = 4,
    NAMED_GROUP = 8,
    MASK = 16,
    OTHERS = 32
};

#define NO_ID UINT32_MAX

struct acl_part {
    uint16_t tag; /* one of the above */
    uint16_t bits;
    uint32_t id; /* or NO_ID */
};

/* Gives the file at PATH the ACL with this NAME and COUNT parts. False with EOPNOTSUPP if
 * the filesystem has no ACLs; another failure ends the test. */
bool set_acl(
    const char *path, const char *name, const struct acl_part *parts, size_t count);

#define SET_ACL(path, name, ...)                                \
    set_acl(path, name, (const struct acl_part[]){__VA_ARGS__}, \
        sizeof((const struct acl_part[]){__VA_ARGS__}) / sizeof(struct acl_part))

/* The parts of the file's access ACL as text, "" if it has none. Valid until the next
 * call. */
const char *acl_of(const char *path);

#endif
