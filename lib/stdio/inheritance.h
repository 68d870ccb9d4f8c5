/* The things that a second stream on the same bytes inherits from the first one. */
#ifndef INHERITANCE_H
#define INHERITANCE_H

#include "filelike.h"
#include "store/store.h"

#include <stdbool.h>

struct inheritance {
    struct store *store; /* a reference */
    struct filelike_options options;
    size_t default_buffer; /* bytes */
    bool readers_only;     /* see stream.h */
};

/* Writes out what is pending in FILE, and fills INHERITANCE for a second stream in MODE,
 * which is MODE_* bits. 0, or -1 with errno.
 *
 * The caller opens the second stream afterwards, when FILE is not locked. Opening takes
 * the lock of stdio's list of streams, which another thread's fflush(NULL) may hold while
 * it waits for FILE. */
int inheritance_take(struct inheritance *inheritance, FILE *file, unsigned mode);

#endif
