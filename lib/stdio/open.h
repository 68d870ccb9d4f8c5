/* From a store to the FILE * that a caller gets. */
#ifndef OPEN_H
#define OPEN_H

#include "filelike.h"
#include "stdio/stream.h"

/* Bytes of stdio's buffer. In memory it is the price of a random access, as glibc refills
 * it at each seek; on disk it is the size of a system call's transfer. */
enum { BUFFER_IN_MEMORY = 1024, BUFFER_ON_DISK = 16384 };

/* The first stream on STORE, registered. DEFAULT_BUFFER counts where OPTIONS name no
 * buffer_size. On success the store's reference belongs to the stream; on failure, NULL
 * with errno, it is still the caller's. */
struct stream *open_stream(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* The same for an opener that has nothing more to do with the store: its reference is
 * gone also on failure. STORE may be NULL, with errno, and so is the result then. */
FILE *open_file(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* Another stream on a store that may have some and hold bytes: the "w" modes truncate it.
 * The reference is gone also on failure. */
struct stream *open_another(struct store *store, unsigned mode,
    const struct filelike_options *options, size_t default_buffer);

/* A stream of the C library's own on DESCRIPTOR, which is closed on failure. Stdio's own
 * buffer is kept where OPTIONS name no buffer_size and DEFAULT_BUFFER is 0. */
FILE *open_native(int descriptor, unsigned mode, const struct filelike_options *options,
    size_t default_buffer);

#endif
