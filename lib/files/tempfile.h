/* New files in the directory that tempdir.h has chosen. They are created exclusively,
 * with close-on-exec descriptors, and with mode 0600 unless the caller asks for another.
 */
#ifndef TEMPFILE_H
#define TEMPFILE_H

#include "files/removal.h"
#include "files/tempdir.h"

/* Creates a file without a name. If the filesystem allows, linkat can give it one later.
 * ACCESS is O_RDWR or O_WRONLY. A descriptor, or -1 with errno. */
int tempfile_create_nameless(const struct tempdir *tempdir, int access);

/* Creates a file whose name is PREFIX (NULL: "filelike-"), random characters, and SUFFIX
 * (NULL: none). *REMOVAL is that of the name, and armed. *DIRECTORY is NULL, or a
 * reference that the removal needs: release it after *REMOVAL. An O_RDWR descriptor; or
 * -1 with errno, and both are NULL. */
int tempfile_create_named(const struct tempdir *tempdir, const char *prefix,
    const char *suffix, struct removal **removal, struct directory **directory);

#endif
