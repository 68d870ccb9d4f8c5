/* The C library that the program runs with: what it makes of streams with callbacks, and
 * what it shows of its FILE. A part of the cookie room, for cookie.c alone; glibc.c and
 * musl.c say the same things of their library each. */
#ifndef LIBC_H
#define LIBC_H

#include "stdio/stream.h"

#if defined __GLIBC__ && !defined __UCLIBC__

typedef off64_t libc_offset;

enum {
    LIBC_WRITE_FAILED = 0, /* -1 glibc takes for a huge count */
    LIBC_SEEK_READS = true /* before it is known what the seek is for */
};

#elif defined __linux__ && !defined __UCLIBC__ && !defined __BIONIC__ /* musl */

typedef off_t libc_offset;

enum {
    LIBC_WRITE_FAILED = -1, /* 0 and short counts musl takes for success */
    LIBC_SEEK_READS = false
};

#else
#error \
    "How does fopencookie of this C library behave? tests/unit/facts.c asks; answer here."
#endif

/* See cookie.h. */
size_t libc_buffer_room(size_t size);
bool libc_replaces_buffers(void);
int libc_give_buffer(FILE *file, size_t size);

/* For a new stream with callbacks, that nobody has got: it has the buffer that it brings,
 * and as far as the C library can be made to, it locks only where one of fopen's would,
 * and shows its descriptor from the moment that it has one. */
void libc_prepare(struct stream *stream);

/* How many of SIZE bytes to read for stdio to BUFFER, of a stream on disk. 0, though
 * there are more, only where it makes up for that. */
size_t libc_worth_reading(struct stream *stream, const char *buffer, size_t size);

/* For the end of a write callback, AFTER_SEEK where a seek came before; and of a seek
 * callback. */
void libc_after_write(struct stream *stream, bool after_seek);
void libc_after_seek(struct stream *stream, int whence, bool succeeded);

/* Whether freopen has made the FILE of STREAM one of the C library's. It has not called
 * us: the stream and its store stay for ever, as their descriptor is the FILE's now. */
bool libc_was_reopened(const struct stream *stream);

/* Whether every operation is to lock FILE; and that none is to. */
bool libc_needs_lock(const FILE *file);
void libc_forget_lock(FILE *file);

#endif
