/* Keeps glibc from crashing where a program calls freopen, or a function for wide
 * characters, on a stream with callbacks. For glibc.c alone.
 *
 * Why? fopencookie sets the wide-character state of its stream to an invalid pointer, so
 * that freopen, fgetwc, putwc and others crash. With an empty state fgetwc returns WEOF,
 * as on a stream of fopen's that is used for bytes. freopen returns NULL, or, if the
 * stream has a descriptor, a stream that works. */
#ifndef GLIBC_WIDE_H
#define GLIBC_WIDE_H

#include "stdio/stream.h"

/* Gives an empty state to a new stream with callbacks. */
void wide_prepare_stream(struct stream *stream);

/* Gives a state of its own to a stream that has a descriptor from now on. freopen of it
 * may succeed, and the state may then be used. */
void wide_give_own_state(struct stream *stream);

#endif
