#include <config.h>

#include "base/scheme.h"

#include <stddef.h>
#include <string.h>

static bool starts_with(const char *path, const char *prefix, const char **rest)
{
    size_t length = strlen(prefix);
    if (strncmp(path, prefix, length) != 0)
        return false;
    *rest = path + length;
    return true;
}

enum scheme scheme_of(const char *path, const char **rest)
{
    if (strcmp(path, "memory:") == 0)
        return SCHEME_MEMORY;
    if (strcmp(path, "spooled:") == 0)
        return SCHEME_SPOOLED;
    if (strcmp(path, "temporary:") == 0)
        return SCHEME_TEMPORARY;
    if (starts_with(path, "memory:", rest))
        return SCHEME_MEMORY_NAME;
    if (starts_with(path, "atomic:", rest))
        return SCHEME_ATOMIC;
    *rest = path;
    return SCHEME_NONE;
}

bool scheme_is_anonymous(enum scheme scheme)
{
    return scheme == SCHEME_MEMORY || scheme == SCHEME_SPOOLED ||
           scheme == SCHEME_TEMPORARY;
}
