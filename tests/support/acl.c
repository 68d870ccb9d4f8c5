#include <config.h>

#include "acl.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>

enum { MOST_PARTS = 8 };

struct kernel_acl {
    uint32_t version;
    struct acl_part parts[MOST_PARTS];
};

static size_t acl_size(size_t count)
{
    return offsetof(struct kernel_acl, parts) + count * sizeof(struct acl_part);
}

bool set_acl(
    const char *path, const char *name, const struct acl_part *parts, size_t count)
{
    struct kernel_acl acl = {.version = htole32(2)};
    for (size_t i = 0; i < count; i++)
        acl.parts[i] = (struct acl_part){
            htole16(parts[i].tag), htole16(parts[i].bits), htole32(parts[i].id)};
    if (setxattr(path, name, &acl, acl_size(count), 0) == 0)
        return true;
    if (errno == EOPNOTSUPP)
        return false;
    perror(path);
    abort();
}

const char *acl_of(const char *path)
{
    static char text[512];
    struct kernel_acl acl;
    size_t length = 0;
    ssize_t size = getxattr(path, ACCESS_ACL, &acl, sizeof acl);
    text[0] = '\0';
    for (size_t i = 0; size > 0 && acl_size(i) < (size_t) size; i++)
        length += (size_t) snprintf(text + length, sizeof text - length, "%u:%d:%o ",
            le16toh(acl.parts[i].tag), (int) le32toh(acl.parts[i].id),
            le16toh(acl.parts[i].bits));
    return text;
}
