/* A store in a file that the library has made for a stream, with a name or without one.
 */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include "files/directory.h"
#include "files/removal.h"
#include "store/file.h"

struct temporary {
    struct file file;            /* must be first */
    struct removal *removal;     /* has the file's name; NULL: it has none */
    struct directory *directory; /* the name is relative to it; NULL: it is absolute */
    unsigned maker;              /* process_number of the process that made the file */
    bool is_given_away;          /* filelike_persist has moved the file to its place */
    char *given_path;            /* that place; or NULL, if no path leads there */
};

/* Makes a store that owns DESCRIPTOR, as file_create. */
struct store *temporary_create(int descriptor, uint64_t size_limit);

/* Sets the name of the file of STORE, which temporary_create made: that of REMOVAL,
 * relative to DIRECTORY, which may be NULL. Both belong to the store from now on. */
void temporary_set_name(
    struct store *store, struct removal *removal, struct directory *directory);

/* Returns STORE as a temporary file, or NULL if it is a store of another kind. */
struct temporary *temporary_of(struct store *store);

/* Returns an absolute path that leads to the file now, in a block of malloc's, or NULL.
 */
char *temporary_path(const struct temporary *temporary);

/* Tells the store that the file has been moved to PATH, a block of malloc's that belongs
 * to the store from now on, or NULL. NAME_STAYS tells that PATH is the name that the file
 * had before. Any other name is removed, if it is still there. */
void temporary_give_away(struct temporary *temporary, char *path, bool name_stays);

/* Tells whether the file may be given away: only once, and not in a child of the process
 * that made it. */
bool temporary_may_be_given_away(const struct temporary *temporary);

#endif
