/* The directory for new files. */
#ifndef TEMPDIR_H
#define TEMPDIR_H

#include "filelike.h"
#include "files/directory.h"

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
    /* A reference to the directory that PATH is relative to; NULL: the working one. */
    struct directory *base;
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

struct tempdir_place {
    int base;
    const char *path; /* absolute, or relative to BASE */
};

struct tempfile; /* the caller's */

/* Calls CREATE with FILE for each directory that a file may be made in, until it returns
 * a descriptor rather than -1. That descriptor, or -1 with errno. */
int tempdir_create(const struct tempdir *tempdir,
    int (*create)(const struct tempdir_place *place, struct tempfile *file),
    struct tempfile *file);

#endif
