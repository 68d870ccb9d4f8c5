/* Names of files. */
#ifndef PATH_H
#define PATH_H

/* PATH from the root on, "." being the present directory, so that a later chdir changes
 * nothing. A block of malloc's, or NULL with errno: ENOENT for "". */
char *path_absolute(const char *path);

/* The pieces in one block of malloc's, or NULL with ENOMEM. */
char *path_join(const char *directory, const char *separator, const char *name);

/* The part of PATH behind its last '/'. */
char *path_last_name(char *path);

#endif
