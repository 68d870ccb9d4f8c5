/* The C library's own fopen, freopen, remove and rename. The library calls them by these
 * names only.
 *
 * Why? In a program that is linked with --wrap=fopen and with the static library, our own
 * calls of fopen are wrapped, too, and would come back to us. */
#ifndef UNWRAPPED_H
#define UNWRAPPED_H

#include <stdio.h>

FILE *unwrapped_fopen(const char *path, const char *mode);
FILE *unwrapped_freopen(const char *path, const char *mode, FILE *file);
int unwrapped_remove(const char *path);
int unwrapped_rename(const char *from, const char *to);

#endif
