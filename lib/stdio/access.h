/* How the functions that take any FILE * take hold of it and of its bytes. */
#ifndef ACCESS_H
#define ACCESS_H

#include "base/call.h"
#include "stdio/native.h"
#include "stdio/stream.h"

struct access {
    FILE *file;
    struct stream *stream; /* ours, or NULL */
    struct native *native; /* the C library's, or NULL */
    struct store *store;
    bool locking; /* for cookie_unlock */
    struct call call;
};

/* Begins a call, locks FILE and finds its bytes. 0, or -1 with ENOTSUP: nothing is locked
 * then, and the call has ended. */
int access_begin(struct access *access, FILE *file);

/* The same, and then writes out what is pending and locks the bytes. */
int access_begin_bytes(struct access *access, FILE *file);

/* The same, with stdio and the bytes at the same position. */
int access_begin_position(struct access *access, FILE *file);

/* The same, to change the bytes: ENOTSUP where nobody can, EBADF where the stream may
 * only read, and ECHILD as below. */
int access_begin_change(struct access *access, FILE *file);

/* 0, or -1 with ECHILD for a stream whose file only the parent of this process puts in
 * place. */
int access_check_owner(const struct access *access);

/* Those that the stream was opened with, or 0. */
mode_t access_permissions(const struct access *access);

/* The errno of the stream's first lost write, or 0. Of a native one stdio's indicator
 * tells: EIO. */
int access_lost_write(const struct access *access);

/* Makes ERROR one, unless there was one before. */
void access_lose_write(struct access *access, int error);

/* Unlocks what is locked. The call goes on: its result goes through call_end. */
void access_end(struct access *access);
void access_end_bytes(struct access *access);

#endif
