/* Files with names that no other file has. A name is drawn at random. The file gets it
 * and is registered for removal with all signals blocked, so no handler runs in between.
 */
#ifndef UNIQUE_H
#define UNIQUE_H

#include "files/removal.h"

/* Creates a file whose name is PREFIX, random letters and digits, and SUFFIX. The name is
 * relative to DIRECTORY, which stays open until the removal is released, or PREFIX is an
 * absolute path and DIRECTORY is AT_FDCWD. ACCESS and MODE are as for descriptor_create.
 * REMOVAL has been reserved; it is set and armed. A descriptor, or -1 with errno and no
 * file. */
int unique_create(int directory, const char *prefix, const char *suffix, int access,
    mode_t mode, struct removal *removal);

/* Links the file of DESCRIPTOR to such a name. 0, or -1 with errno and no new name. */
int unique_link(int directory, const char *prefix, const char *suffix, int descriptor,
    struct removal *removal);

#endif
