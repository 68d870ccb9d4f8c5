/* The directory for new files, and their creation there. Files are created exclusively,
 * with close-on-exec descriptors, and with mode 0600 unless the caller asks for another.
 */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include "filelike.h"
#include "files/directory.h"
#include "files/removal.h"

#include <stdbool.h>

enum tempdir_kind {
    TEMPDIR_SYSTEM,     /* a directory of the environment or the system */
    TEMPDIR_OPTION,     /* the one directory that the caller named */
    TEMPDIR_MEMORY_FILE /* a memory file of the kernel */
};

struct tempdir {
    enum tempdir_kind kind;
    mode_t permissions; /* of a new file, exactly; 0: 0600 */
    char *path;         /* the caller's directory, or that of TMPDIR; or NULL */
    struct directory
        *base; /* PATH is relative to it, a reference; NULL: the working directory */
};

/* The directory that OPTIONS ask for. It is used before the working directory may change.
 * OPTIONS are not needed after the call. 0, or -1 with errno. */
int tempdir_init(struct tempdir *tempdir, const struct filelike_options *options);

/* The same, but it may be used at any time. */
int tempdir_init_for_later(
    struct tempdir *tempdir, const struct filelike_options *options);

/* For memory files of the kernel. Cannot fail. */
void tempdir_init_memory_file(
    struct tempdir *tempdir, const struct filelike_options *options);

void tempdir_finish(struct tempdir *tempdir);

/* Creates a file without a name. If the filesystem allows, linkat can give it one later.
 * ACCESS is O_RDWR or O_WRONLY. A descriptor, or -1 with errno. */
int tempdir_create_nameless(const struct tempdir *tempdir, int access);

/* Creates a file whose name is PREFIX (NULL: "filelike-"), random characters, and SUFFIX
 * (NULL: none). *REMOVAL is that of the name, and armed. *DIRECTORY is NULL, or a
 * reference that the removal needs: release it after *REMOVAL. An O_RDWR descriptor; or
 * -1 with errno, and both are NULL. */
int tempdir_create_named(const struct tempdir *tempdir, const char *prefix,
    const char *suffix, struct removal **removal, struct directory **directory);

#endif
