/* Where new files go, and their creation there: exclusively, close-on-exec, mode 0600
 * unless told otherwise. */
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
    char *path;         /* the caller's directory, or TMPDIR's; or NULL */
    struct directory
        *base; /* that PATH is taken from, a reference; NULL: the present one */
};

/* The directory that OPTIONS ask for, to be used before the working directory may change;
 * copies what it needs. 0, or -1 with errno. */
int tempdir_init(struct tempdir *tempdir, const struct filelike_options *options);

/* The same, to be used at any time. */
int tempdir_init_for_later(
    struct tempdir *tempdir, const struct filelike_options *options);

/* A memory file of the kernel: needs no memory and cannot fail. */
void tempdir_init_memory_file(
    struct tempdir *tempdir, const struct filelike_options *options);

void tempdir_finish(struct tempdir *tempdir);

/* The descriptor of a new file without a name, that linkat could name where the
 * filesystem allows. ACCESS is O_RDWR or O_WRONLY. -1 with errno. */
int tempdir_create_nameless(const struct tempdir *tempdir, int access);

/* The descriptor, O_RDWR, of a new file between whose PREFIX (NULL: "filelike-") and
 * SUFFIX (NULL: none) stand random characters; set and armed in REMOVAL. Where that needs
 * it, *DIRECTORY (else NULL) is a reference to be released after REMOVAL. -1 with errno.
 */
int tempdir_create_named(const struct tempdir *tempdir, const char *prefix,
    const char *suffix, struct removal *removal, struct directory **directory);

#endif
