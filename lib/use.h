/* How the functions that take any FILE * take hold of it and of its bytes. */
#ifndef USE_H
#define USE_H

#include "native.h"
#include "stream.h"

struct use {
    FILE *file;
    struct stream *stream; /* ours, or NULL */
    struct native *native; /* the C library's, or NULL */
    struct store *store;
    bool locking; /* for cookie_unlock */
    int held;     /* for call_allow_cancellation */
};

/* Locks FILE, finds its bytes and holds cancellation off, which might come when stdio
 * writes. 0, or -1 with ENOTSUP and nothing locked. */
int use_begin(struct use *use, FILE *file);

/* The same, and then writes out what is pending and locks the bytes. */
int use_begin_bytes(struct use *use, FILE *file);

/* The same, with stdio and the bytes at the same position. */
int use_begin_position(struct use *use, FILE *file);

/* The same, to change the bytes: EBADF where the stream may only read. */
int use_begin_change(struct use *use, FILE *file);

/* 0, and in *PERMISSIONS those that the stream was opened with, or 0; or -1. */
int use_permissions(const struct use *use, mode_t *permissions);

void use_end(struct use *use);
void use_end_bytes(struct use *use);

#endif
