/* Where new files go, and their creation there: exclusively, close-on-exec, mode 0600
 * unless told otherwise. */
#ifndef PLACE_H
#define PLACE_H

#include "filelike.h"
#include "removal.h"

#include <stdbool.h>

enum place_kind {
    PLACE_SYSTEM, /* a directory of the environment or the system */
    PLACE_CHOSEN, /* the one directory that the caller named */
    PLACE_KERNEL  /* a memory file of the kernel */
};

struct place {
    enum place_kind kind;
    char *directory;    /* absolute; the caller's, or TMPDIR's, or NULL */
    mode_t permissions; /* of a new file, exactly; 0: 0600 */
};

/* The place that OPTIONS ask for; copies what it needs. 0, or -1 with errno. */
int place_init(struct place *place, const struct filelike_options *options);

/* A memory file of the kernel: needs no memory and cannot fail. */
void place_init_kernel(struct place *place, const struct filelike_options *options);

void place_finish(struct place *place);

/* The descriptor of a new file without a name, that linkat could name where the
 * filesystem allows. ACCESS is O_RDWR or O_WRONLY. -1 with errno. */
int place_nameless(const struct place *place, int access);

/* The descriptor, O_RDWR, of a new file between whose PREFIX (NULL: "filelike-") and
 * SUFFIX (NULL: none) stand random characters; set and armed in REMOVAL. -1 with errno.
 */
int place_named(const struct place *place, const char *prefix, const char *suffix,
    struct removal *removal);

#endif
