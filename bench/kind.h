/* The kinds of stream that are measured: the library's, their peers, and for a limit the
 * C library's own with locking off. */
#ifndef KIND_H
#define KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum kind {
    MEMORY,          /* filelike_memory */
    UNLOCKED,        /* the same with FILELIKE_UNLOCKED */
    SPOOLED,         /* filelike_spooled, below its limit */
    TEMPORARY,       /* filelike_temporary */
    WATCHED,         /* the same with a limit, so that each write is seen */
    MOVED,           /* filelike_spooled, after its limit */
    PATH,            /* filelike_fopen("memory:") */
    NAME,            /* filelike_fopen("memory:NAME") of one that is there */
    FIXED,           /* filelike_fixed */
    CUSTOM,          /* filelike_custom on a store in memory */
    SECTION,         /* filelike_section, the whole of MEMORY */
    SECTION_ON_DISK, /* the same of TEMPORARY */
    OPEN_MEMSTREAM,
    FMEMOPEN,
    COOKIE, /* fopencookie on CUSTOM's store */
    TMPFILE,
    MEMFD, /* memfd_create and fdopen */
    MEMFD_UNLOCKED,
    TMPFILE_UNLOCKED,
    TMPFS,       /* fopen of a new file on tmpfs, and unlink */
    TMPFS_AGAIN, /* fopen of one that is there */
    MEMFD_AGAIN, /* a memfd opened again through /proc, and fdopen */
    LIMIT,       /* no stream: what the row compares with besides */
    KINDS
};

/* Kinds as a set. */
#define ONE(kind) (1u << (kind))

struct subject {
    enum kind kind;
    FILE *file;
    FILE *section;
    struct own *own;
    char *bytes; /* open_memstream's, fmemopen's and those of FIXED */
    size_t size;
};

const char *kind_name(enum kind kind);

/* Whether each stream of this kind takes a descriptor. */
bool kind_has_descriptor(enum kind kind);

/* An empty stream, to be written and, where the kind can, to be read. Only blocks need
 * CAPACITY, the most bytes that it is to hold. Here and below, what fails ends the
 * process. */
void subject_open(struct subject *subject, enum kind kind, size_t capacity);

/* What to read the bytes by, which are all there: where it is not a section, the stream
 * that they were written to. */
FILE *subject_reader(struct subject *subject);

/* The number of bytes held, asked as the kind's users would. */
size_t subject_size(struct subject *subject);

/* All bytes, without a copy where the kind allows. */
const char *subject_contents(struct subject *subject, size_t *size);

/* Closes, and frees what it has left. */
void subject_close(struct subject *subject);

/* Removes what streams of a kind that are opened again leave for the next. */
void kind_remove(enum kind kind);

#endif
