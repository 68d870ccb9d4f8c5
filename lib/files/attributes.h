/* What a file is like besides its bytes: owner and group, mode and access ACL, extended
 * attributes. */
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
    bool is_chosen;                      /* the rights: they hold whoever owns the file */
    struct extended_attribute *extended; /* but for those that belong to the bytes */
};

/* Those of the file of DESCRIPTOR, which may be O_PATH where there is /proc. 0, or -1
 * with errno. */
int attributes_read(struct attributes *attributes, int descriptor);

/* Chooses the mode: MODE exactly, and no ACL. */
void attributes_set_mode(struct attributes *attributes, mode_t mode);

/* Makes the file of DESCRIPTOR like that, as far as the process may; where owner, group
 * or ACL cannot be had, it may do less to it (rights_narrow). What needs no change is
 * left alone. 0, or -1 with errno, among them that of fchmod where a change of the mode
 * is refused. */
int attributes_apply(const struct attributes *attributes, int descriptor);

/* Gives the file of DESCRIPTOR just the rights of MODE, and no ACL. 0, or -1 with errno.
 */
int attributes_apply_mode(int descriptor, mode_t mode);

/* Whether ERROR means that the process may not, or that the filesystem has no such thing.
 */
bool attributes_is_refusal(int error);

/* Takes back what attributes_apply has done or begun: BEFORE are those that the file had.
 * Leaves errno as it is. */
void attributes_revert(
    const struct attributes *given, const struct attributes *before, int descriptor);

void attributes_finish(struct attributes *attributes);

#endif
