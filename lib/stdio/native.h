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
    unsigned maker;      /* process_number of who made the file for it, or 0 */
    int lost_write;      /* errno of one that the disk has told of, or 0 */
    int held; /* a descriptor of the file then, so that no other is taken for it;
                 or -1 */
};

/* The place of FILE's descriptor. NULL with ENOTSUP where FILE has no regular file. */
struct native *native_find(FILE *file);

/* Notes that this process has just made the file of FILE. 0, or -1 with errno. */
int native_note_maker(FILE *file);

/* Whether a parent of this process has made the file. */
bool native_is_parents(const struct native *native);

/* The file stands at PATH now, a block of malloc's that belongs to NATIVE from now on,
 * or NULL. */
void native_give_away(struct native *native, char *path);

/* Remembers that the disk has lost a write, with ERROR, for as long as the stream is
 * open. */
void native_lose_write(struct native *native, int error);

#endif
