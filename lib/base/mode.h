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

/* The same mode in the spelling that every C library understands: one of "r", "w", "a",
 * "r+", "w+" and "a+". Static storage. */
const char *mode_text(unsigned mode);

/* The access bits of open(2): O_RDONLY, O_WRONLY or O_RDWR. */
int mode_access(unsigned mode);

#endif
