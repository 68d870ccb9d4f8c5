/* Files with names that no other file has. A name is drawn at random. The file gets it
 * and is registered for removal with all signals blocked, so no handler runs in between.
 */
#ifndef UNIQUE_H
#define UNIQUE_H

#include "files/removal.h"

struct unique_file {
    int directory;      /* stays open until the removal is released; or AT_FDCWD */
    const char *prefix; /* the name is PREFIX, random letters and digits, and SUFFIX */
    const char *suffix;
    int linked;  /* the file that is linked to the name; -1: a new one is created */
    int access;  /* of a new file, as for descriptor_create */
    mode_t mode; /* the same */
};

/* Creates or links the file, and sets *REMOVAL to the removal of its name, which is
 * armed. A descriptor of the file, or -1 with errno and *REMOVAL NULL. */
int unique_create(const struct unique_file *file, struct removal **removal);

#endif
