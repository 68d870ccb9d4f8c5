/* The server's command line. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

struct settings {
    uint16_t port;         /* 0: a free one */
    uint64_t size_limit;   /* bytes of a file */
    uint64_t memory_limit; /* bytes of a file that are kept in memory */
    uint64_t budget;       /* bytes of all files that are kept in memory */
    const char *directory; /* for files on disk; NULL: the library's choice */
};

/* Ends the program if the command line is wrong, or asks for help. */
struct settings settings_read(int count, char **arguments);

#endif
