/* Paths as strings. Each result is allocated by malloc, or NULL. */
#ifndef PATH_H
#define PATH_H

#include <stddef.h>
#include <sys/stat.h>

/* PATH as an absolute path, so that a later chdir changes nothing. NULL with errno:
 * ENOENT for "". */
char *path_absolute(const char *path);

/* DIRECTORY, SEPARATOR and NAME in one string. NULL with ENOMEM. */
char *path_join(const char *directory, const char *separator, const char *name);

/* NAME in DIRECTORY, a block of malloc's or NULL, which is freed. NULL with ENOMEM. */
char *path_in(char *directory, const char *name);

/* The present path of the directory of DESCRIPTOR, as /proc tells it, a block of
 * malloc's. Another file may meanwhile have that path. NULL if it is not known. */
char *path_of_descriptor(int descriptor);

/* PATH itself, which may be NULL, if it is absolute and leads to FILE. Else PATH is
 * freed, and the result is NULL. */
char *path_check(char *path, const struct stat *file);

/* The offset of the last name in the first LENGTH bytes of PATH. */
size_t path_start_of_name(const char *path, size_t length);

#endif
