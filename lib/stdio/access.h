/* The beginning and end of each function that takes any FILE *: it finds the stream and
 * its bytes, and locks both. */
#ifndef ACCESS_H
#define ACCESS_H

#include "base/call.h"
#include "stdio/native.h"
#include "stdio/stream.h"

struct access {
    FILE *file;
    struct stream *stream; /* if FILE is a stream of ours, else NULL */
    struct native *native; /* if FILE is one of the C library's own, else NULL */
    struct store *store;   /* its bytes */
    bool locking;          /* for any_stream_unlock */
    struct call call;
};

/* Begins a call, locks FILE and finds its bytes. 0, or -1 with ENOTSUP. After a failure
 * of this function and the next three nothing is locked, and the call has ended. */
int access_begin(struct access *access, FILE *file);

/* The same, then writes out what is pending and locks the bytes. */
int access_begin_bytes(struct access *access, FILE *file);

/* The same, with stdio and the bytes at the same position, see any_stream_synchronize.
 * ENOTSUP if the bytes are in no file and cannot move to one. */
int access_begin_descriptor(struct access *access, FILE *file);

/* The same, in order to change the bytes. ENOTSUP if they cannot be changed at all, EBADF
 * if the stream is open to read only, and ECHILD as from access_check_owner. */
int access_begin_change(struct access *access, FILE *file);

/* 0, or -1 with ECHILD if stream_belongs_to_parent. */
int access_check_owner(const struct access *access);

/* The permissions that were asked for when the stream was opened; 0: none. */
mode_t access_permissions(const struct access *access);

/* The errno of the stream's first lost write, or 0. For a native stream it is EIO where
 * stdio's error indicator is set. */
int access_lost_write(const struct access *access);

/* Records ERROR as that errno, if there was no lost write before. */
void access_record_lost_write(struct access *access, int error);

/* Unlock FILE, or the bytes and FILE. The call has not ended: pass its result to
 * call_end.
 */
void access_end(struct access *access);
void access_end_bytes(struct access *access);

#endif
