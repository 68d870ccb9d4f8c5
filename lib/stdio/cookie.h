/* Streams with callbacks, made by fopencookie. Differences between the C libraries that
 * have to do with callbacks are evened out here. */
#ifndef COOKIE_H
#define COOKIE_H

#include "stdio/stream.h"

/* Sets stream->file to a new FILE with the callbacks of stream.h. FLAGS are FILELIKE_*.
 * 0, or -1 with errno; the stream is then still the caller's. */
int cookie_open(struct stream *stream, unsigned flags);

/* The buffer size to use instead of SIZE for a stream that reads a sequential store. With
 * it the seeks that stdio makes of its own are recognized. */
size_t cookie_sequential_buffer_size(size_t size);

#endif
