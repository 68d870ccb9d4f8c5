/* Finds the stream in a FILE of fopencookie. For glibc.c and glibc_probe.c alone.
 *
 * Why? The table of registry.c takes two locks for each stream that is opened and closed.
 */
#ifndef GLIBC_COOKIE_H
#define GLIBC_COOKIE_H

#include <stdbool.h>
#include <stdio.h>

/* Looks at a FILE that fopencookie made with callbacks that are not for streams. */
void glibc_cookie_see_foreign(FILE *file);

/* Looks at a FILE that fopencookie made with COOKIE and the callbacks for streams. If it
 * differs from the foreign one as expected, glibc_cookie_of works from now on. */
void glibc_cookie_learn(FILE *file, const void *cookie);

/* The cookie of FILE, if fopencookie made it with the callbacks for streams. NULL if not,
 * if freopen has made it a stream on a descriptor, or if nothing was learned. */
void *glibc_cookie_of(FILE *file);

/* Whether FILE has callbacks, be they for streams or not. */
bool glibc_cookie_has_callbacks(FILE *file);

#endif
