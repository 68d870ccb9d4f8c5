#include <config.h>

#include "files/rights.h"

#include <stdlib.h>

enum { OWNER_SHIFT = 6, GROUP_SHIFT = 3 };

struct rights rights_from_mode(mode_t mode)
{
    return (struct rights){
        .owner = mode >> OWNER_SHIFT & ALL_BITS,
        .group = mode >> GROUP_SHIFT & ALL_BITS,
        .others = mode & ALL_BITS,
        .mask = ALL_BITS,
    };
}

mode_t rights_to_mode(const struct rights *rights)
{
    unsigned group = rights->has_acl ? rights->mask : rights->group;
    return rights->owner << OWNER_SHIFT | group << GROUP_SHIFT | rights->others;
}

void rights_finish(struct rights *rights)
{
    free(rights->named);
    rights->named = NULL;
    rights->named_count = 0;
}

/* ---- Narrowing -----------------------------------------------------------------------
 *
 * The classes of an ACL are the owner, the named users, the groups (the owning one and
 * the named ones), and the others. The first class that a process is in decides, even if
 * the next one would allow more. So a process that changes its class may have only the
 * rights that both classes allow.
 */

/* The rights that all named users have, or all named groups. */
static unsigned common_bits(const struct rights *rights, bool groups)
{
    unsigned bits = ALL_BITS;
    for (size_t i = 0; i < rights->named_count; i++) {
        if (rights->named[i].is_group == groups)
            bits &= rights->named[i].bits & rights->mask;
    }
    return bits;
}

/* The old owner may now be in a group, among the others, or a named user. */
static void lose_owner(struct rights *rights, uid_t old_owner)
{
    rights->group &= rights->owner;
    rights->others &= rights->owner;
    for (size_t i = 0; i < rights->named_count; i++) {
        if (rights->named[i].is_group || rights->named[i].id == old_owner)
            rights->named[i].bits &= rights->owner;
    }
}

/* The members of the new group were among the others or in a named group. The members of
 * the old group are now among the others, or in the new group as well. */
static void lose_group(struct rights *rights)
{
    unsigned both = rights->group & rights->mask & rights->others;
    rights->group = both & common_bits(rights, true);
    rights->others = both;
}

/* A named user may be in the owning group. */
static void lose_named(struct rights *rights)
{
    unsigned users = common_bits(rights, false);
    rights->group &= rights->mask & users;
    rights->others &= users & common_bits(rights, true);
    rights_finish(rights);
    rights->has_acl = false;
    rights->mask = ALL_BITS;
}

void rights_narrow(struct rights *rights, const struct rights_lost *lost)
{
    if (lost->owner)
        lose_owner(rights, lost->old_owner);
    if (lost->group)
        lose_group(rights);
    if (lost->named)
        lose_named(rights);
}
