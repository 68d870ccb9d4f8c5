/* The C library that the program runs with: how it treats streams with callbacks, and
 * what it shows of its FILE. glibc.c and musl.c define the functions, each for its
 * library. */
#ifndef LIBC_H
#define LIBC_H

#include "stdio/stream.h"

#if defined __GLIBC__ && !defined __UCLIBC__

typedef off64_t libc_offset;

enum {
    /* The result of a write callback after a failure. glibc takes -1 for a huge count. */
    LIBC_WRITE_FAILED = 0,
    /* fseek fills the buffer, before it is known whether the program will read. */
    LIBC_SEEK_FILLS_BUFFER = true,
    /* fork makes the lock of each stream new in the child. */
    LIBC_FORK_RENEWS_LOCKS = true,
    /* After a flush the write callback is called for no bytes. */
    LIBC_WRITES_NOTHING = false,
    /* For ftell with output pending in append mode, the seek callback is asked for the
     * current position, though stdio counts from the end. */
    LIBC_TELLS_FROM_CURRENT = false,
    /* At exit the seek callback is called without the lock of FILE. */
    LIBC_SEEKS_WITHOUT_LOCK = true,
    /* fseek crashes on a pushed-back wide character. fflush copes with it. */
    LIBC_SEEK_CRASHES_IF_WIDE = true
};

#elif defined __linux__ && !defined __UCLIBC__ && !defined __BIONIC__ /* musl */

typedef off_t libc_offset;

enum {
    /* musl takes 0 and short counts for success. */
    LIBC_WRITE_FAILED = -1,
    LIBC_SEEK_FILLS_BUFFER = false,
    LIBC_FORK_RENEWS_LOCKS = false,
    LIBC_WRITES_NOTHING = true,
    LIBC_TELLS_FROM_CURRENT = true,
    LIBC_SEEKS_WITHOUT_LOCK = false,
    LIBC_SEEK_CRASHES_IF_WIDE = false
};

#else
#error \
    "How does fopencookie of this C library behave? tests/unit/facts.c asks; answer here."
#endif

/* The bytes that a stream must bring for a stdio buffer of SIZE bytes, including those
 * that the C library uses itself. 0 where the C library's own buffer has that size. */
size_t libc_buffer_room(size_t size);

/* Whether a stream's large buffer can replace its first one, see stream.h. */
bool libc_replaces_buffers(void);

/* Gives a new stream of fdopen's a buffer of SIZE bytes, if the C library can be made to
 * free it. 0, or -1 with ENOMEM. */
int libc_give_buffer(FILE *file, size_t size);

/* Prepares a new stream with callbacks: it uses the buffer in the stream. As far as the
 * C library allows, it locks only where a stream of fopen's would, and fileno answers
 * with its descriptor as soon as it has one. */
void libc_prepare_stream(struct stream *stream);

/* How many of the SIZE bytes that stdio asks for are to be read. The result is 0 only
 * where the C library asks again when the program reads. */
size_t libc_size_to_read(struct stream *stream, size_t size);

/* Called at the end of a write callback. AFTER_SEEK: the callback before was a seek. */
void libc_after_write(struct stream *stream, bool after_seek);

/* Called at the end of a seek callback. */
void libc_after_seek(struct stream *stream, int whence, bool succeeded);

/* Whether stdio has begun a seek, and has not ended it: the callback that is called now
 * belongs to it. False where the C library does not tell. */
bool libc_seek_is_under_way(const struct stream *stream);

/* Empties the buffer that FILE reads from, where libc_seek_is_under_way may be true. */
void libc_empty_buffer(FILE *file);

/* The stream with callbacks of this library that FILE is, as far as FILE itself tells.
 * NULL if it is none, or does not tell. After the C library's freopen, FILE is a stream
 * on a descriptor. freopen calls no callback, so the stream and its store are never
 * freed: FILE uses their descriptor. */
struct stream *libc_stream_of(FILE *file);

/* False if FILE has no callbacks, or no more after freopen. True if FILE does not tell.
 */
bool libc_may_have_callbacks(FILE *file);

/* Whether each stdio function locks FILE. */
bool libc_locking_is_on(const FILE *file);
void libc_turn_locking_off(FILE *file);

#endif
