/* What glibc does to a stream with callbacks where a program calls freopen or a function
 * of wide characters: for glibc.c alone.
 *
 * Why? Of such a stream glibc makes the state of wide characters a pointer that leads
 * nowhere, so that freopen, fgetwc, putwc and others crash. With an empty state they do
 * what they do on a stream of fopen's that is used for bytes: fgetwc is at the end, and
 * freopen returns NULL, or a stream that works where the old one had a descriptor. */
#ifndef GLIBC_WIDE_H
#define GLIBC_WIDE_H

#include "stdio/stream.h"

/* For a new stream with callbacks. */
void wide_prepare(struct stream *stream);

/* For a stream that shows its descriptor from now on: freopen may succeed. */
void wide_give_state(struct stream *stream);

/* Whether freopen has made the FILE of STREAM one of the C library's. It has not called
 * us: the stream and its store stay for ever, as their descriptor is the FILE's now. */
bool wide_was_reopened(const struct stream *stream);

#endif
