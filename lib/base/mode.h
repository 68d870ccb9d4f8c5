/* The mode argument of an opener. It is parsed here and not left to the C library,
 * because glibc silently ignores the '+' of "re+", and musl accepts "". */
#ifndef MODE_H
#define MODE_H

enum {
    MODE_READ = 1,
    MODE_WRITE = 2,
    MODE_APPEND = 4,
    MODE_TRUNCATE = 8,
    MODE_EXCLUSIVE = 16
};

/* Sets *MODE to the bits that TEXT stands for. A NULL TEXT means DEFAULT_TEXT. Returns 0,
 * or -1 with EINVAL. */
int mode_parse(const char *text, const char *default_text, unsigned *mode);

/* The size of the longest mode that mode_parse accepts, with its '\0'. */
enum { MODE_TEXT_SIZE = sizeof "w+bex" };

/* Parses a mode as fopen does. Letters that fopen accepts and that change nothing here
 * ('t', and glibc's 'c', 'm' and ",ccs=") are ignored. PLAIN gets the mode without them.
 * Returns 0, or -1 with EINVAL. */
int mode_parse_fopen(const char *text, char plain[MODE_TEXT_SIZE], unsigned *mode);

/* Returns MODE in a spelling that every C library understands: one of "r", "w", "a",
 * "r+", "w+" and "a+". It is a string literal. */
const char *mode_text(unsigned mode);

/* Returns the access mode for open(2): O_RDONLY, O_WRONLY or O_RDWR. */
int mode_access(unsigned mode);

#endif
