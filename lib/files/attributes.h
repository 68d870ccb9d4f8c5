/* All of a file but its bytes and its times: owner and group, mode and access ACL, and
 * extended attributes. */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#include "files/rights.h"

#include <sys/stat.h>

struct extended_attribute;

struct attributes {
    uid_t owner;
    gid_t group;
    mode_t special; /* set-user-ID, set-group-ID, sticky */
    struct rights rights;
    bool is_chosen; /* the rights are exactly these, whoever owns the file */
    struct extended_attribute *extended; /* without those that belong to the old bytes */
};

/* Reads the attributes of the file of DESCRIPTOR, which may be O_PATH if there is a
 * /proc. 0, or -1 with errno. */
int attributes_read(struct attributes *attributes, int descriptor);

/* Chooses the mode: MODE exactly, and no ACL. */
void attributes_set_mode(struct attributes *attributes, mode_t mode);

/* Gives the file of DESCRIPTOR these attributes, as far as the process may. If owner,
 * group or ACL cannot be set, the rights in ATTRIBUTES are reduced (rights_narrow). An
 * attribute that is right already is not set. 0, or -1 with errno, also if fchmod fails.
 */
int attributes_apply(struct attributes *attributes, int descriptor);

/* Gives the file of DESCRIPTOR the rights of MODE, and no ACL. 0, or -1 with errno. */
int attributes_apply_mode(int descriptor, mode_t mode);

/* Gives it the bits of MODE alone, unless it has them. 0, or -1 with errno. */
int attributes_apply_bits(int descriptor, mode_t mode);

/* Whether ERROR means that the process has no permission to set an attribute, or that the
 * filesystem does not support it. */
bool attributes_is_refusal(int error);

/* Takes back what attributes_apply has done, also if it has failed. BEFORE are the
 * attributes that the file had. */
void attributes_revert(
    const struct attributes *given, struct attributes *before, int descriptor);

void attributes_finish(struct attributes *attributes);

#endif
