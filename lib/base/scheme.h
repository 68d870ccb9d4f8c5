/* The kinds of path that filelike_fopen and its like know, by how the path begins. */
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

/* The kind of PATH. *REST is the NAME or PATH in it; all of it where it has no scheme. */
enum scheme scheme_of(const char *path, const char **rest);

/* Whether it says where bytes go, but not which. */
bool scheme_is_anonymous(enum scheme scheme);

#endif
