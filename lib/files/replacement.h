/* A file that is put in a target's place in one step: one that lies aside in the target's
 * directory until then, without a name where the filesystem has such files, else hidden;
 * or one that lies elsewhere. */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include "files/removal.h"
#include "files/target.h"

struct replacement {
    struct target *target;
    unsigned flags;     /* FILELIKE_NOREPLACE, FILELIKE_NOSYNC */
    mode_t permissions; /* of the file, exactly; 0: as fopen(path, "w") leaves them */
    int descriptor;     /* O_RDWR; another one, perhaps, once it is put in place */
    struct removal *removal; /* of the hidden name; NULL: it has none */
    bool is_fresh;           /* it is as fopen would have made it */
    mode_t refused_mode;     /* that the filesystem would not let it have; or 0 */
};

/* Makes one for TARGET, to be written through ASIDE->descriptor, which it keeps open
 * until replacement_finish. 0, or -1 with errno, among them ENOTSUP where flags hold
 * FILELIKE_NOREPLACE and the filesystem has no way to that, and EPERM where the hidden
 * name could not be removed. */
int replacement_init(
    struct replacement *aside, struct target *target, unsigned flags, mode_t permissions);

/* Gives what has been written its owner, mode and so on, syncs it, asks what closing it
 * would report, and puts it at the target. 0, or -1 with errno and the target is as
 * before. */
int replacement_publish(struct replacement *aside);

/* Closes the file, and removes it if it has not been put in place. */
void replacement_finish(struct replacement *aside);

/* ---- For a file that lies elsewhere --------------------------------------------------
 */

struct donation {
    struct target *target;
    unsigned flags; /* as above */
    mode_t permissions;
    int descriptor;   /* stays the caller's */
    const char *name; /* of the file, from DIRECTORY on; NULL: it has none */
    int directory;
    bool is_lost; /* the system has said that it has lost bytes */
};

/* Puts the file itself at the target. 0, or -1 with errno, and target and file are as
 * before; EXDEV where the file cannot be moved there, but a copy of it may. */
int replacement_donate(struct donation *donation);

/* Waits for the disk, unless FLAGS hold FILELIKE_NOSYNC, and asks what closing DESCRIPTOR
 * would report. 0, or -1 with errno; *IS_LOST tells whether that is of bytes that are
 * lost.
 */
int replacement_sync(int descriptor, unsigned flags, bool *is_lost);

#endif
