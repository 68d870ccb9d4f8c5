/* The kinds of path that filelike_fopen and its like accept. A prefix of the path tells
 * them apart. */
#ifndef SCHEME_H
#define SCHEME_H

#include <stdbool.h>

enum scheme {
    SCHEME_NONE,        /* any other path */
    SCHEME_MEMORY_NAME, /* "memory:NAME" */
    SCHEME_MEMORY,
    SCHEME_SPOOLED,
    SCHEME_TEMPORARY,
    SCHEME_ATOMIC /* "atomic:PATH" */
};

/* Returns the kind of PATH. Sets *REST to the NAME or PATH after the prefix, or to all of
 * PATH if there is no prefix. Anonymous kinds leave it alone. */
enum scheme scheme_of(const char *path, const char **rest);

/* Whether the kind has no name: "memory:", "spooled:" or "temporary:". */
bool scheme_is_anonymous(enum scheme scheme);

#endif
