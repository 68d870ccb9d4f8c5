/* Every kind of stream that there is, one row each: the bodies of the tests run over the
 * rows, so a new kind is a new row. Needs no test framework. */
#ifndef KINDS_H
#define KINDS_H

#include "filelike.h"

#include <errno.h>
#include <stdbool.h>

/* Properties of the streams of a kind. */
enum {
    KIND_OPTIONS = 1,       /* opened by the library: takes options */
    KIND_WATCHED = 2,       /* the library's callbacks: fclose tells of lost writes */
    KIND_STAYS = 4,         /* the bytes are never moved, whatever is written */
    KIND_IN_MEMORY = 8,     /* filelike_in_memory is 1, at first */
    KIND_MOVABLE = 16,      /* the bytes are in a block of malloc's, at first */
    KIND_ONLY_UPDATE = 32,  /* takes no mode: reads and writes, starts empty */
    KIND_STARTS_FULL = 64,  /* starts on bytes that exist, in any mode */
    KIND_PUBLISHES = 128,   /* refuses "r"; its bytes are put in place by fclose */
    KIND_BOUND = 256,       /* the bytes cannot be moved: neither descriptor nor path */
    KIND_BARE = 512,        /* no '\0' follows the bytes of a view */
    KIND_ONLY_READS = 1024, /* takes "r" alone */
    KIND_OPAQUE = 2048      /* ENOTSUP: the library does not know where the bytes are */
};

/* So many streams of a kind with KIND_BARE can be open at once, as each needs a block. */
enum { KIND_MOST_BARE = 24 };

/* How the C library treats its own streams. REFUSED is the errno if the mode of a stream
 * forbids reading or writing. musl leaves errno alone, which is 0 in the tests.
 * APPEND_STARTS_AT_END says whether an append stream is at the end before its first
 * write. */
#ifdef __GLIBC__
enum { REFUSED = EBADF, APPEND_STARTS_AT_END = 1 };
#else
enum { REFUSED = 0, APPEND_STARTS_AT_END = 0 };
#endif

struct kind {
    const char *name;
    unsigned properties;             /* KIND_* */
    struct filelike_options options; /* options that make it this kind */
    /* As kind_open_on, with all the options. */
    FILE *(*open)(const void *data, size_t size, const char *mode,
        const struct filelike_options *options);
};

extern const struct kind kinds[];
extern const size_t kind_count;

/* Whether all of PROPERTIES are true of KIND. */
bool kind_has(const struct kind *kind, unsigned properties);

/* An empty stream of KIND. MODE and errors are those of its opener; OPTIONS (or NULL) are
 * added to the kind's own. NULL with ENOTSUP where the kind does not take MODE. */
FILE *kind_open(
    const struct kind *kind, const char *mode, const struct filelike_options *options);

/* A stream of KIND on the SIZE bytes at DATA, as fopen would open a file that holds them:
 * "w" modes empty it. DATA is copied, or has to stay until fclose. A kind on a block of
 * the caller's takes no more than a few MiB. */
FILE *kind_open_on(const struct kind *kind, const void *data, size_t size,
    const char *mode, const struct filelike_options *options);

/* Removes the files that atomic streams have put in place. That happens by itself at
 * exit, but not at _exit. */
void kinds_clean_up(void);

#endif
