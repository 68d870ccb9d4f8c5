/* The access rights of a file: its permission bits, or its access ACL (acl(5)). */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Bits are S_IROTH, S_IWOTH and S_IXOTH in every class. */
enum { ALL_BITS = S_IRWXO };

struct named_right {
    bool is_group;
    unsigned id;
    unsigned bits;
};

struct rights {
    unsigned owner;
    unsigned group; /* the owning group */
    unsigned others;
    bool has_acl;
    unsigned mask; /* of an ACL: limits the owning group and all named users and groups */
    struct named_right *named; /* of an ACL: allocated by malloc, or NULL */
    size_t named_count;
};

/* The rights that the permission bits of MODE give. */
struct rights rights_from_mode(mode_t mode);

/* The rights of an ACL. The SIZE bytes at VALUE are as the kernel tells them in the
 * extended attribute "system.posix_acl_access". 0, and rights_finish frees them; or -1
 * with ENOMEM, or with EINVAL if the bytes are no ACL. */
int rights_from_acl(struct rights *rights, const void *value, size_t size);

void rights_finish(struct rights *rights);

/* The permission bits. With an ACL, those of the group are its mask. */
mode_t rights_to_mode(const struct rights *rights);

/* The rights as an ACL of *SIZE bytes, allocated by malloc. NULL with ENOMEM. */
void *rights_to_acl(const struct rights *rights, size_t *size);

/* The properties of an old file that a new one could not get. */
struct rights_lost {
    bool owner;
    bool group;
    bool named; /* the rights of named users and groups */
    uid_t old_owner;
};

/* Reduces the rights of an old file to what a new file may have that has lost properties.
 * Only the new owner may gain rights. Nobody else does: not the members of the new group,
 * and not the old owner, the members of the old group and the named ones, who have moved
 * to another class. */
void rights_narrow(struct rights *rights, const struct rights_lost *lost);

#endif
