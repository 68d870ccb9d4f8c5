#include <config.h>

#include "files/rights.h"

#include "base/call.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ALL_BITS = S_IRWXO, OWNER_SHIFT = 6, GROUP_SHIFT = 3 };

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

/* ---- The kernel's format of an ACL ---------------------------------------------------
 *
 * See linux/posix_acl_xattr.h. All numbers are little-endian.
 */

enum { ACL_VERSION = 2 };

enum acl_tag {
    TAG_OWNER = 0x01,
    TAG_USER = 0x02,
    TAG_OWNING_GROUP = 0x04,
    TAG_GROUP = 0x08,
    TAG_MASK = 0x10,
    TAG_OTHERS = 0x20
};

struct acl_entry {
    uint16_t tag;
    uint16_t bits;
    uint32_t id;
};

struct acl {
    uint32_t version;
    struct acl_entry entries[];
};

static int take_entry(struct rights *rights, const struct acl_entry *entry)
{
    unsigned bits = le16toh(entry->bits) & ALL_BITS;
    unsigned tag = le16toh(entry->tag);
    switch (tag) {
    case TAG_OWNER:
        rights->owner = bits;
        return 0;
    case TAG_OWNING_GROUP:
        rights->group = bits;
        return 0;
    case TAG_MASK:
        rights->mask = bits;
        return 0;
    case TAG_OTHERS:
        rights->others = bits;
        return 0;
    case TAG_USER:
    case TAG_GROUP:
        rights->named[rights->named_count++] =
            (struct named_right){tag == TAG_GROUP, le32toh(entry->id), bits};
        return 0;
    default:
        return call_fail(EINVAL);
    }
}

int rights_from_acl(struct rights *rights, const void *value, size_t size)
{
    const struct acl *acl = value;
    *rights = (struct rights){.has_acl = true, .mask = ALL_BITS};
    if (size < sizeof *acl || (size - sizeof *acl) % sizeof *acl->entries != 0 ||
        le32toh(acl->version) != ACL_VERSION)
        return call_fail(EINVAL);
    size_t count = (size - sizeof *acl) / sizeof *acl->entries;
    rights->named = calloc(count + 1, sizeof *rights->named);
    if (rights->named == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (take_entry(rights, &acl->entries[i]) != 0) {
            rights_finish(rights);
            return -1;
        }
    }
    return 0;
}

static void put_entry(
    struct acl_entry **place, enum acl_tag tag, unsigned bits, unsigned id)
{
    *(*place)++ = (struct acl_entry){
        htole16((uint16_t) tag), htole16((uint16_t) bits), htole32(id)};
}

static void put_named(struct acl_entry **place, const struct rights *rights, bool groups)
{
    for (size_t i = 0; i < rights->named_count; i++) {
        const struct named_right *named = &rights->named[i];
        if (named->is_group == groups)
            put_entry(place, groups ? TAG_GROUP : TAG_USER, named->bits, named->id);
    }
}

/* The kernel accepts only this order of entries. */
void *rights_to_acl(const struct rights *rights, size_t *size)
{
    enum { UNNAMED_ENTRIES = 4, NO_ID = -1 };
    struct acl *acl = malloc(
        sizeof *acl + (UNNAMED_ENTRIES + rights->named_count) * sizeof *acl->entries);
    if (acl == NULL)
        return NULL;
    acl->version = htole32(ACL_VERSION);
    struct acl_entry *place = acl->entries;
    put_entry(&place, TAG_OWNER, rights->owner, (unsigned) NO_ID);
    put_named(&place, rights, false);
    put_entry(&place, TAG_OWNING_GROUP, rights->group, (unsigned) NO_ID);
    put_named(&place, rights, true);
    if (rights->has_acl)
        put_entry(&place, TAG_MASK, rights->mask, (unsigned) NO_ID);
    put_entry(&place, TAG_OTHERS, rights->others, (unsigned) NO_ID);
    *size = (size_t) ((char *) place - (char *) acl);
    return acl;
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
