/* A new file that takes a target's place in one step. Until then it lies in the target's
 * directory, without a name if the filesystem has such files, else with a hidden one. */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include "files/removal.h"
#include "files/target.h"

struct replacement {
    struct target *target;
    unsigned flags;     /* FILELIKE_NOREPLACE, FILELIKE_NOSYNC */
    mode_t permissions; /* of the file, exactly; 0: as fopen(path, "w") leaves them */
    int descriptor;     /* O_RDWR; publishing can exchange it for that of a copy */
    struct removal *removal; /* of the hidden name; NULL: it has none */
    bool is_fresh;           /* it has the mode that fopen would have given it */
    mode_t refused_mode;     /* that the filesystem gives only to new files; or 0 */
};

/* Makes a file for TARGET, to be written through its descriptor, which stays open until
 * replacement_finish. 0, or -1 with errno: ENOTSUP if FLAGS holds FILELIKE_NOREPLACE and
 * the filesystem can only replace, EPERM if the hidden name could not be removed. */
int replacement_init(struct replacement *replacement, struct target *target,
    unsigned flags, mode_t permissions);

/* Gives the file its attributes, syncs it, finds out what closing it would report, puts
 * it at the target and syncs that. 0, or -1 with errno and the target as before, unless
 * only the last step has failed. */
int replacement_publish(struct replacement *replacement);

/* Closes the file, and removes it if it is not at the target. */
void replacement_finish(struct replacement *replacement);

/* Reads the attributes that a file at TARGET is to have: those of the file there, or of a
 * new one, with PERMISSIONS unless they are 0. OWN is a file that was made in the
 * target's directory, or -1. 0, or -1 with errno. */
int replacement_find_attributes(
    struct attributes *wanted, struct target *target, mode_t permissions, int own);

#endif
