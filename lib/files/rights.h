/* Who may do what with a file: its permission bits, or its access ACL (acl(5)). */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bits are S_IROTH, S_IWOTH and S_IXOTH, whoever they are for. */
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
    unsigned mask; /* of an ACL: a limit for the group and all that are named */
    struct named_right *named; /* of an ACL: a block of malloc's, or NULL */
    size_t named_count;
};

/* Those that the permission bits of MODE stand for. */
struct rights rights_from_mode(mode_t mode);

/* Those of the ACL that the SIZE bytes at VALUE are, as the kernel hands them out in
 * "system.posix_acl_access"; to be given to rights_finish. -1 with ENOMEM, or with EINVAL
 * where they are none. */
int rights_from_acl(struct rights *rights, const void *value, size_t size);

/* The same rights in a block of their own. 0, or -1 with ENOMEM. */
int rights_copy(struct rights *copy, const struct rights *rights);

void rights_finish(struct rights *rights);

/* The permission bits; with an ACL those of the group are its mask. */
mode_t rights_to_mode(const struct rights *rights);

/* The same as an ACL: a block of *SIZE bytes for free, or NULL with ENOMEM. */
void *rights_to_acl(const struct rights *rights, size_t *size);

/* What a new file could not take over from an old one. */
struct rights_lost {
    bool owner;
    bool group;
    bool named; /* what an ACL says of named users and groups */
    uid_t old_owner;
};

/* Makes the rights of an old file those of a new one which has lost something, so that
 * nobody gains but the new owner: neither who is in the new group, nor who has been the
 * old owner, in the old group or named, and is in another class now. */
void rights_narrow(struct rights *rights, const struct rights_lost *lost);

#endif
