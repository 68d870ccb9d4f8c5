/* stdio's buffer in glibc: which one a stream has, and how much of it a read fills. It
 * defines the functions of libc.h for that, and one for glibc.c. */
#ifndef GLIBC_BUFFER_H
#define GLIBC_BUFFER_H

#include "stdio/stream.h"

/* Gives a new stream with callbacks the buffer that it brings. */
void glibc_use_first_buffer(struct stream *stream);

#endif
