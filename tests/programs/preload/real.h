/* The C library's own functions, for their replacements here, and messages for the
 * log. */
#ifndef REAL_H
#define REAL_H

#include <stdbool.h>
#include <stdio.h>

extern struct real {
    FILE *(*fopen)(const char *path, const char *mode);
    FILE *(*fdopen)(int descriptor, const char *mode);
    FILE *(*freopen)(const char *path, const char *mode, FILE *stream);
    FILE *(*tmpfile)(void);
    int (*fclose)(FILE *stream);
    int (*fflush)(FILE *stream);
    int (*fileno)(FILE *stream);
} real;

/* False if this thread is inside a replacement already: the library's own calls go to
 * the C library. */
bool real_enter(void);
void real_leave(void);

/* Adds a line to the log: the event, the way, the program, the detail. */
void tell(const char *event, const char *detail);

/* Unless it HOLDS, logs WHAT and ends the program: the library has failed. */
void require(bool holds, const char *what);

#endif
