/* What the C libraries do to streams with callbacks, and to the locks and positions of
 * any FILE *. The only room that knows which C library this is. */
#ifndef COOKIE_H
#define COOKIE_H

#include "stdio/stream.h"

/* Makes the FILE * of STREAM, which it sets, with the callbacks of stream.h. FLAGS are
 * FILELIKE_*. 0, or -1 with errno and the stream still the caller's. */
int cookie_open(struct stream *stream, unsigned flags);

/* The bytes that a stream must bring for a buffer of SIZE: with those that the C library
 * takes for itself, or 0 where its own buffer is just as large. */
size_t cookie_buffer_room(size_t size);

/* The size of the buffer in place of SIZE where bytes come in order and are read: with it
 * the library knows where stdio seeks to. */
size_t cookie_buffer_in_order(size_t size);

/* Whether a stream's late buffer takes the place of the first, see stream.h. */
bool cookie_replaces_buffers(void);

/* Gives a stream of fdopen's that nobody has used yet a buffer of SIZE bytes, where the C
 * library can be made to free it. 0, or -1 with ENOMEM. */
int cookie_give_buffer(FILE *file, size_t size);

/* The stream of FILE; NULL where it is not ours, or not any more, as freopen of the C
 * library has made another of it. */
struct stream *cookie_find(FILE *file);

/* flockfile and funlockfile, but the latter leaves the state of the lock as it found it.
 * What cookie_lock returns goes to cookie_unlock. */
bool cookie_lock(FILE *file);
void cookie_unlock(FILE *file, bool locking);

/* No locking at all from now on, for FILELIKE_UNLOCKED. */
void cookie_stop_locking(FILE *file);

/* Closes a stream that nobody is to have, and leaves errno as it is. */
void cookie_discard(FILE *file);

/* Writes out what is pending; read-ahead and pushed-back characters stay. 0, or -1. */
int cookie_flush(FILE *file);

/* Brings stdio and what lies beneath to the same position: writes out what is pending,
 * gives up read-ahead and pushed-back characters, and leaves the end-of-file indicator.
 * The second goes to position 0 besides, and clears the indicator. 0, or -1. */
int cookie_synchronize(FILE *file);
int cookie_rewind(FILE *file);

/* Whether FILE may be written by the mode that it was opened with. */
bool cookie_writable(FILE *file);

#endif
