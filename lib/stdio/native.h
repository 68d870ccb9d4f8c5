/* Streams of the C library's own: fopen's, tmpfile's, fdopen's, filelike_temporary's.
 * Their bytes are reached through their descriptor.
 *
 * Nobody tells when such a stream is closed, so what a view or a path needs of memory is
 * kept by the number of the descriptor: the next stream with that number takes the place
 * over, and one call looks after the place of another. */
#ifndef NATIVE_H
#define NATIVE_H

#include "store/file.h"

#include <stdio.h>

struct native {
    struct file file;    /* must be first */
    char *given_path;    /* where filelike_persist has put the file; or NULL */
    char *answered_path; /* by filelike_path; or NULL */
};

/* The place of FILE's descriptor. NULL with ENOTSUP where FILE has no regular file. */
struct native *native_find(FILE *file);

/* Whether filelike_temporary has made the file, and whether filelike_persist has put it
 * in place. */
bool native_is_temporary(const struct native *native);
bool native_is_given_away(const struct native *native);

/* 0, and in *PERMISSIONS those that filelike_temporary was asked for, or 0; or -1. */
int native_permissions(const struct native *native, mode_t *permissions);

/* The file stands at PATH now, a block of malloc's that belongs to NATIVE from now on. */
void native_give_away(struct native *native, char *path);

#endif
