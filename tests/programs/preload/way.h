/* Ways to open a file's content as a stream of the library. */
#ifndef WAY_H
#define WAY_H

#include "file.h"

#include <stdio.h>

/* MODE is r, w or a, perhaps with a +. */
struct way {
    const char *name;
    /* Opens a copy of CONTENT. KEEP gets a second stream, which still reads the
     * bytes after the first one is closed. NULL: files are opened by path, as atomic
     * ones are. */
    FILE *(*open)(const struct content *content, const char *mode, FILE **keep);
    /* Reopens a native stream on a copy of CONTENT, as freopen does. NULL: the way has
     * no such streams. */
    FILE *(*reopen)(
        const struct content *content, const char *mode, FILE *stream, FILE **keep);
    FILE *(*temporary)(void);
    int (*fileno)(FILE *stream);
};

/* The way that PROGRAMS_WAY names. */
const struct way *way_asked_for(void);

#endif
