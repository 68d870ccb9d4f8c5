/* Moving a file that exists to a target: the file itself, not a copy. */
#ifndef MOVE_H
#define MOVE_H

#include "files/removal.h"
#include "files/target.h"

struct move {
    struct target *target;
    unsigned flags;             /* FILELIKE_NOREPLACE, FILELIKE_NOSYNC */
    mode_t permissions;         /* see struct replacement */
    int descriptor;             /* of the file; stays the caller's */
    const struct removal *name; /* of the file; NULL: it has none */
    bool is_lost;               /* the system has lost bytes of the file */
};

/* Gives the file its attributes, syncs it and puts it at the target. 0, or -1 with errno.
 * After a failure target and file are as before. EXDEV: only a copy can be put there. */
int move_to_target(struct move *move);

#endif
