/* Paths as strings. Each result is allocated by malloc, or NULL. */
#ifndef PATH_H
#define PATH_H

#include <stddef.h>

/* PATH, which is not "", as an absolute path, so that a later chdir changes nothing. NULL
 * with errno. */
char *path_absolute(const char *path);

/* NAME in DIRECTORY. NULL with ENOMEM. */
char *path_join(const char *directory, const char *name);

/* The same, and DIRECTORY, a block of malloc's, is freed. NULL if it is NULL. */
char *path_in(char *directory, const char *name);

/* The present path of the directory of DESCRIPTOR, as /proc tells it, a block of
 * malloc's. Another file may meanwhile have that path. NULL if it is not known. */
char *path_of_descriptor(int descriptor);

/* PATH itself, which may be NULL, if it is absolute and leads to the file of the
 * descriptor FILE now. Else PATH is freed, and the result is NULL: another file may have
 * that path by now, or a directory on it may have been moved. */
char *path_check(char *path, int file);

/* The offset of the last name in the first LENGTH bytes of PATH. */
size_t path_start_of_name(const char *path, size_t length);

#endif
