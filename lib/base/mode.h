/* The mode argument of an opener, understood by us and never left to a C library: glibc
 * silently loses the '+' of "re+", musl accepts "". */
#ifndef MODE_H
#define MODE_H

enum {
    MODE_READ = 1,
    MODE_WRITE = 2,
    MODE_APPEND = 4,
    MODE_TRUNCATE = 8,
    MODE_EXCLUSIVE = 16
};

/* Sets *MODE to the bits that TEXT stands for; a NULL TEXT means DEFAULT_TEXT.
 * 0, or -1 with EINVAL. */
int mode_parse(const char *text, const char *default_text, unsigned *mode);

/* Room for each mode that mode_parse takes. */
enum { MODE_TEXT_SIZE = sizeof "w+bex" };

/* The same for code that opens its own files: letters of fopen's that change nothing here
 * ('t', and glibc's 'c', 'm' and ",ccs=") are taken too, and PLAIN gets the mode without
 * them. 0, or -1 with EINVAL, also where TEXT is NULL. */
int mode_parse_fopen(const char *text, char plain[MODE_TEXT_SIZE], unsigned *mode);

/* The same mode in the spelling that every C library understands: one of "r", "w", "a",
 * "r+", "w+" and "a+". Static storage. */
const char *mode_text(unsigned mode);

/* The access bits of open(2): O_RDONLY, O_WRONLY or O_RDWR. */
int mode_access(unsigned mode);

#endif
