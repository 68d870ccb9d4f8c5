/* Ways to open the content of a file as a stream of the library's. */
#ifndef WAY_H
#define WAY_H

#include "file.h"

#include <stdio.h>

/* MODE is r, w or a, and perhaps a +. */
struct way {
    const char *name;
    /* On a copy of CONTENT; KEEP gets a second stream, which reads the same bytes when
     * the first one is closed. NULL: files are opened by their paths, as atomic ones. */
    FILE *(*open)(const struct content *content, const char *mode, FILE **keep);
    /* As freopen of a native stream, which then is on a copy of CONTENT. NULL: the way
     * has no such streams. */
    FILE *(*reopen)(
        const struct content *content, const char *mode, FILE *stream, FILE **keep);
    FILE *(*temporary)(void);
    int (*fileno)(FILE *stream);
};

/* The one that PROGRAMS_WAY names. */
const struct way *way_asked_for(void);

#endif
