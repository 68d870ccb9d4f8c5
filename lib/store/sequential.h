/* A store on operations of the caller's that have no positions. The bytes come in order,
 * as through a pipe. The last bytes that were read can be read again. */
#ifndef SEQUENTIAL_H
#define SEQUENTIAL_H

#include "store/backend.h"

/* In bytes: how many of the last ones can be read again, and how many one call reads at
 * most. stdio never reads ahead by more than one call, so it can always go back. */
enum { SEQUENTIAL_BACK = 32768, SEQUENTIAL_AHEAD = 32768 };

/* Makes a store on CONTEXT, for a stream in MODE (MODE_* bits). CONTEXT stays the
 * caller's until backend_take_context. size_limit of OPTIONS applies, and buffer_size
 * bounds how many bytes one call reads. Returns NULL with ENOMEM. */
struct store *sequential_create(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options);

/* Whether reading can go on at POSITION, which is not behind the next byte: the bytes
 * from there on are kept. */
bool sequential_reaches(struct store *store, int64_t position);

/* The number of bytes that were read or written so far. That of writing counts what an
 * operation took of a write that failed, too. */
int64_t sequential_position(struct store *store);

#endif
