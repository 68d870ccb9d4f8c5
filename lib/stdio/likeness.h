/* What a second stream on the bytes of another takes from it. */
#ifndef LIKENESS_H
#define LIKENESS_H

#include "filelike.h"
#include "store/store.h"

#include <stdbool.h>

struct likeness {
    struct store *store; /* a reference */
    struct filelike_options options;
    size_t default_buffer; /* bytes */
    bool readers_only;
};

/* Writes out what is pending in FILE, and takes its likeness for a stream in MODE, MODE_*
 * bits. 0, or -1 with errno.
 *
 * The second stream is opened afterwards, when FILE is not locked any more: that takes
 * stdio's list lock, which fflush(NULL) may hold while it waits for FILE. */
int likeness_take(struct likeness *likeness, FILE *file, unsigned mode);

#endif
