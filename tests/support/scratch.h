/* A directory that only this test uses, and ways to look at it. Needs no test framework.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes a new directory, changes to it and makes it TMPDIR. Sets the umask to 022. */
void scratch_enter(void);

/* Changes back, restores TMPDIR, and removes the directory with all that it holds. */
void scratch_leave(void);

/* Its absolute path. */
const char *scratch_path(void);

/* The names in DIRECTORY in order, separated by spaces; "" if there are none. Valid until
 * the next call, like the texts below. */
const char *entries(const char *directory);

/* Returns the content of the file at PATH as a string, or NULL if it cannot be read. */
const char *content(const char *path);

/* Writes TEXT to the file at PATH, which is created, or replaced if it exists. */
void make_file(const char *path, const char *text);

/* The permission bits of the file at PATH. */
unsigned mode_of(const char *path);

/* Runs BODY in a forked child, which then calls exit. Returns the result of BODY, or 128
 * plus the number of the signal that ended the child. */
int in_child(int (*body)(void *context), void *context);

/* The same, as a user without privileges, who may write to the scratch directory. */
int as_nobody(int (*body)(void *context), void *context);

/* The open descriptors of this process, as a text to compare. */
const char *descriptors(void);

/* Lets this process open COUNT more descriptors at most; -1: as many as before. */
void allow_descriptors(int count);

/* Prints that WHAT is not tested, and the reason. */
void say_skipped(const char *what, const char *reason);

#endif
