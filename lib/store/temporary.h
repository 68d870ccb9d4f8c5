/* A store in a file that the library made for a stream, with a name or without one. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include "files/directory.h"
#include "files/removal.h"
#include "store/file.h"

struct temporary {
    struct file file;            /* must be first */
    struct removal *removal;     /* of the file's name; NULL: it has none */
    struct directory *directory; /* that the name is taken from; or NULL */
    unsigned maker;              /* process_number of who made the file */
    bool is_given_away;          /* filelike_persist has put the file in place */
    char *given_path;            /* where; or NULL, where no path leads there */
};

/* A store on DESCRIPTOR, which belongs to the store on success. NULL with ENOMEM. */
struct store *temporary_create(int descriptor, uint64_t size_limit);

/* The file has the name of REMOVAL, from DIRECTORY on, which may be NULL. Both belong to
 * the store from now on. */
void temporary_set_name(
    struct temporary *temporary, struct removal *removal, struct directory *directory);

/* The temporary file behind STORE, or NULL if it is a store of another kind. */
struct temporary *temporary_of(struct store *store);

/* An absolute path that leads to the file now, in a block of malloc's, or NULL. */
char *temporary_path(const struct temporary *temporary);

/* The file stands at PATH now, a block of malloc's that belongs to the store from now on,
 * or NULL; and is no longer to be removed. Its own name goes, if it has one still, unless
 * that is the target. */
void temporary_give_away(struct temporary *temporary, char *path, bool name_stays);

/* Not twice, and not in a child of the process that made the file. */
bool temporary_may_be_given_away(const struct temporary *temporary);

#endif
