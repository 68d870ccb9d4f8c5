/* Names that no file has yet: drawn at random, taken in one step or not at all, and
 * registered for removal before anybody can be stopped in between. */
#ifndef UNIQUE_H
#define UNIQUE_H

#include "files/removal.h"

/* PREFIX, random letters and digits, SUFFIX; a file gets such a name from DIRECTORY on
 * (AT_FDCWD where PREFIX is an absolute path), which REMOVAL, reserved before, is set and
 * armed for. DIRECTORY stays open until the removal is released.
 *
 * The first makes the file, with ACCESS and MODE as for descriptor_create: its
 * descriptor, or -1 with errno and no name is left. */
int unique_create(int directory, const char *prefix, const char *suffix, int access,
    mode_t mode, struct removal *removal);

/* The second links the file of DESCRIPTOR there. 0, or -1 with errno and no name is left.
 */
int unique_link(int directory, const char *prefix, const char *suffix, int descriptor,
    struct removal *removal);

#endif
