/* A directory that a test has to itself, and what to find in it. Needs no test framework.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes a new directory, goes there and makes it TMPDIR; the umask is 022. */
void scratch_enter(void);

/* Goes back, to the usual TMPDIR too, and removes it, whatever it holds. */
void scratch_leave(void);

/* Its absolute path. */
const char *scratch_path(void);

/* The names in DIRECTORY in order, with spaces between; "" where there are none. Good
 * until the next call, as the texts below. */
const char *entries(const char *directory);

/* Returns the content of the file at PATH as a string, or NULL if it cannot be read. */
const char *content(const char *path);

/* A new file, or NULL or an empty TEXT in place of what was there. */
void make_file(const char *path, const char *text);

/* The permission bits of the file at PATH. */
unsigned mode_of(const char *path);

/* Runs BODY in a forked child, which then ends by exit: what BODY returned, or 128 and
 * the number of the signal that ended it. */
int in_child(int (*body)(void *context), void *context);

/* The same, as a user without privileges, who may write to the scratch directory. */
int as_nobody(int (*body)(void *context), void *context);

/* The open descriptors of this process, as a text to compare. */
const char *descriptors(void);

/* Lets this process open no more than COUNT further descriptors; -1: as many as before.
 */
void allow_descriptors(int count);

/* Says that, and why, something is not tested. */
void say_skipped(const char *what, const char *reason);

#endif
