/* The C library's own functions, for those that stand before them, and words for the log.
 */
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

/* False where this thread has entered already: what the library calls, below us, is for
 * the C library alone. */
bool real_enter(void);
void real_leave(void);

/* A line for the log: the event, the way, the program, the detail. */
void tell(const char *event, const char *detail);

/* A call that the library does not serve ends the program, and the log says so. */
void require(bool holds, const char *what);

#endif
