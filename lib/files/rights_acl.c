/* The kernel's format of an ACL, see linux/posix_acl_xattr.h. All numbers are
 * little-endian. */
#include <config.h>

#include "files/rights.h"

#include "base/call.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

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
