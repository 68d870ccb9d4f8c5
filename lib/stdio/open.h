/* From a store to the FILE * that a caller gets. */
#ifndef OPEN_H
#define OPEN_H

#include "filelike.h"
#include "stdio/stream.h"

/* Opens the first stream on STORE and registers it. DEFAULT_BUFFER applies where
 * options->buffer_size is 0. The caller's reference to the store becomes the stream's on
 * success. NULL with errno. */
struct stream *open_stream(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* The same for an opener that does not need the store any more: the reference is released
 * on failure. If STORE is NULL, the result is NULL, too, and errno stays. */
FILE *open_file(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* Opens another stream on a store that may hold bytes: the "w" modes truncate it. The
 * reference is released on failure. */
struct stream *open_another(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* Opens a stream of the C library's own on DESCRIPTOR, which is closed on failure. With a
 * DEFAULT_BUFFER of 0 and no options->buffer_size, stdio allocates the buffer. NULL with
 * errno. */
FILE *open_native(int descriptor, unsigned mode, const struct filelike_options *options,
    size_t default_buffer);

#endif
