/* A file that lies aside in the directory of a target, until it is put in the target's
 * place in one step. Without a name where the filesystem has such files, else hidden. */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include "files/removal.h"
#include "files/target.h"

struct replacement {
    struct target *target;
    int descriptor;          /* O_RDWR; another one, perhaps, once it is complete */
    struct removal *removal; /* of the hidden name; NULL: it has none */
    bool is_fresh;           /* the mode is what stdio would give a new file */
};

/* Makes one for TARGET, to be written through ASIDE->descriptor, which it keeps open
 * until replacement_finish. PERMISSIONS as for replacement_complete. 0, or -1 with errno.
 */
int replacement_init(
    struct replacement *aside, struct target *target, mode_t permissions);

/* Readies what has been written to be put in place: under a hidden name, with its mode
 * and on disk. FLAGS are FILELIKE_NOREPLACE and FILELIKE_NOSYNC. The mode is PERMISSIONS,
 * the same as before; where that is 0 the old file's; where there is none 0666 less the
 * umask. 0, or -1 with errno. */
int replacement_complete(struct replacement *aside, unsigned flags, mode_t permissions);

/* Puts a complete file at the target. 0, or -1 with errno and the target is as before. */
int replacement_put(struct replacement *aside, unsigned flags);

/* Closes the file, and removes it if it has not been published. */
void replacement_finish(struct replacement *aside);

/* ---- For a file that lies elsewhere already ------------------------------------------
 */

/* Readies the file of DESCRIPTOR for TARGET: gives it the mode, and where permitted the
 * owner, that it is to have there, and syncs it. 0, or -1 with errno. */
int replacement_prepare(
    int descriptor, struct target *target, unsigned flags, mode_t permissions);

/* Puts the file of DESCRIPTOR, which the target's filesystem holds, at the target, by a
 * further link. 0, or -1 with errno. */
int replacement_link(int descriptor, const struct target *target, unsigned flags);

/* Renames NAME in DIRECTORY to the target. 0, or -1 with errno. */
int replacement_rename(
    int directory, const char *name, const struct target *target, unsigned flags);

#endif
