/* Native streams: those of fopen, tmpfile, fdopen and filelike_temporary, which belong to
 * the C library. Their bytes are reached through their descriptor.
 *
 * The library does not see such a stream being closed. So the memory for its views and
 * paths is kept by the number of the descriptor, and is used again for the next stream
 * with that number. Besides, each call looks at the entry of one other number and frees
 * what is left of a closed stream there. */
#ifndef NATIVE_H
#define NATIVE_H

#include "store/file.h"

#include <stdio.h>
#include <sys/stat.h>

struct native {
    struct file file; /* must be first */
    dev_t device;     /* of the file, with its inode: they tell it from all others */
    ino_t inode;
    char *given_path;    /* path that filelike_persist has put the file at, or NULL */
    char *answered_path; /* last answer of filelike_path, or NULL */
    unsigned maker;      /* process_number of the process that made the file for this
                            stream, or 0 */
    mode_t permissions;  /* of the file and of its copies, if asked for; or 0 */
    int lost_write;      /* errno of a write that fsync has reported lost, or 0 */
    void *held_page; /* after a lost write: a page of the file, so that its inode number
                        is not used again; or NULL */
};

/* The entry of FILE's descriptor. NULL with ENOTSUP where FILE has no regular file. */
struct native *native_find(FILE *file);

/* Whether STATUS, as fstat gives it, is that of NATIVE's file. */
bool native_has_status(const struct native *native, const struct stat *status);

/* Records that this process has just made the file of FILE. 0, or -1 with errno. */
int native_record_maker(FILE *file);

/* Records that the caller has asked for PERMISSIONS; 0: for none. Where FILE has no
 * regular file, there is nothing to copy, and so nothing to record. 0, or -1 with errno.
 */
int native_record_permissions(FILE *file, mode_t permissions);

/* Whether the file may be given a name. It may not if it has one, as it may then belong
 * to somebody else, or if the parent of this process has made it. */
bool native_may_be_given_away(const struct native *native);

/* Records that filelike_persist has put the file at PATH: a malloc'ed string, which
 * belongs to NATIVE from now on, or NULL. */
void native_give_away(struct native *native, char *path);

/* Records that a write was lost with ERROR, for as long as the stream is open. None was
 * lost before. */
void native_record_lost_write(struct native *native, int error);

#endif
