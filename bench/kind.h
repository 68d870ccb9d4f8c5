/* The kinds of stream that are measured: the library's, their peers, and, as a limit,
 * the C library's own without locking. */
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
    WATCHED,         /* the same with a limit, so the library sees each write */
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
    LIMIT,       /* no stream: the row's own comparison */
    KINDS
};

/* Kinds as a set. */
#define ONE(kind) (1u << (kind))

struct subject {
    enum kind kind;
    FILE *file;
    FILE *section;
    struct own *own;
    char *bytes; /* the bytes of open_memstream, fmemopen and FIXED */
    size_t size;
};

const char *kind_name(enum kind kind);

/* Whether each stream of this kind takes a descriptor. */
bool kind_has_descriptor(enum kind kind);

/* Opens an empty stream to be written and, if the kind can, to be read. Only blocks need
 * CAPACITY, the most bytes that the stream is to hold. Here and below a failure ends the
 * process. */
void subject_open(struct subject *subject, enum kind kind, size_t capacity);

/* The stream to read the bytes from, once all are written: a section, or else the stream
 * that wrote them. */
FILE *subject_reader(struct subject *subject);

/* The number of bytes held, asked as users of the kind would ask. */
size_t subject_size(struct subject *subject);

/* All bytes, without a copy if the kind allows it. */
const char *subject_contents(struct subject *subject, size_t *size);

/* Closes the stream, and frees what it leaves. */
void subject_close(struct subject *subject);

/* Removes the bytes or file that the streams of a reopened kind share. */
void kind_remove(enum kind kind);

#endif
