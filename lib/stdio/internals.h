/* What glibc shows of its struct _IO_FILE; a part of the cookie room, for cookie.c alone.
 *
 * glibc's layout is frozen, because old programs have it compiled in, but what follows is
 * no promise: configure probes it, each stream is looked at again before it is used, and
 * without it (--disable-glibc-internals) everything still works but for a position that
 * glibc loses, see filelike(3). */
#ifndef INTERNALS_H
#define INTERNALS_H

#include "stdio/stream.h"

/* Whether a stream's buffer can be replaced while it is in use. */
#define INTERNALS_REPLACE_BUFFERS (FILELIKE_GLIBC_INTERNALS != 0)

/* Gives a new stream with callbacks the buffer that it brings; false where setvbuf has
 * to, which takes longer. */
bool internals_set_buffer(struct stream *stream);

/* For a new stream with callbacks: it locks only where one of fopen's would, and shows
 * its descriptor from the moment that it has one. */
void internals_use(struct stream *stream);

/* For the end of each write callback. */
void internals_after_write(struct stream *stream);

/* Whether every operation is to lock FILE; and that none is to. */
bool internals_needs_lock(const FILE *file);
void internals_forget_lock(FILE *file);

/* Gives FILE, which nobody has used yet, a buffer of SIZE bytes that ends with it. 0,
 * also where that cannot be done, or -1 with ENOMEM. */
int internals_give_buffer(FILE *file, size_t size);

#endif
