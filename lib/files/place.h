/* The places of removal.h from within. removal.c changes one place, places.c knows all of
 * them. */
#ifndef PLACE_H
#define PLACE_H

#include "files/removal.h"

#include <stdatomic.h>

/* Places are never freed, only used again, so that a signal handler can walk the list of
 * all at any moment. Directory, name, device and inode change only in STATE_IDLE and
 * STATE_CREATING, and are read only in the other states (see removal.c). */
struct removal {
    struct removal *next; /* in the list of all */
    _Atomic(struct removal *) next_in_list;
    atomic_int state;
    atomic_uint owner; /* the process_number of the process that created the file */
    int directory;
    bool owns_directory;
    char *name;
    dev_t device;
    ino_t inode;
};

/* Unlinks the name if it is still that of the file. Returns whether the file is gone from
 * there. */
bool removal_unlink(const struct removal *removal);

/* Removes the file of one place for removal_remove_all. Waits for a creation that has
 * begun, at most *PATIENCE milliseconds, and subtracts that time from *PATIENCE. */
void removal_remove_now(struct removal *removal, int *patience);

#endif
