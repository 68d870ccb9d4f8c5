/* A store of operations that the caller brings, without positions: the bytes come in
 * order, as through a pipe. What was read last can be read again. */
#ifndef SEQUENTIAL_H
#define SEQUENTIAL_H

#include "store/backend.h"

/* How far back from where it has read to such a store can be read again, in bytes; and
 * how many it reads at most at once, so that stdio has never read farther ahead than
 * that. */
enum { SEQUENTIAL_BACK = 32768, SEQUENTIAL_AHEAD = 32768 };

/* A store on CONTEXT, which stays the caller's until backend_own; for a stream in MODE,
 * MODE_* bits. Of OPTIONS count size_limit and, as a bound of what is read at once,
 * buffer_size. NULL with ENOMEM. */
struct store *sequential_create(void *context,
    const struct filelike_operations *operations, unsigned mode,
    const struct filelike_options *options);

#endif
