/* Streams of the C library's own: fopen's, tmpfile's, fdopen's, filelike_temporary's.
 * Their bytes are reached through their descriptor.
 *
 * Nobody tells when such a stream is closed, so what a view or a path needs of memory is
 * kept by the number of the descriptor: the next stream with that number takes the place
 * over, and one call looks after the place of another. */
#ifndef NATIVE_H
#define NATIVE_H

#include "file.h"

#include <stdio.h>

struct native {
    struct file file; /* must be first */
    dev_t device;
    ino_t inode;
    char path[sizeof "/proc//fd/" + 6 * sizeof(int)];
    bool given_away; /* by filelike_persist */
    bool watched;    /* its file can have a name: made by filelike_temporary */
};

/* The place of FILE's descriptor. NULL with ENOTSUP where FILE has no regular file. */
struct native *native_find(FILE *file);

/* For the handlers of fork. */
void native_hold(void);
void native_resume(void);
void native_renew(void);

#endif
