/* The C library's own functions on files by their path, also where a linker's --wrap has
 * made their names lead to us. No call of the library goes to those names otherwise.
 *
 * Why? A program that is linked with --wrap=fopen and with the static library has our own
 * calls wrapped too: they would come back to us. */
#ifndef REAL_H
#define REAL_H

#include <stdio.h>

FILE *real_fopen(const char *path, const char *mode);
FILE *real_freopen(const char *path, const char *mode, FILE *file);
int real_remove(const char *path);
int real_rename(const char *from, const char *to);

#endif
