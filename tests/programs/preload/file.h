/* The data files of a program, by their descriptors. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct content {
    char *bytes; /* allocated */
    size_t size;
};

/* A regular file in the directory PROGRAMS_DIR, or below. */
bool file_is_data(int descriptor);

/* A file that may be there or not, in a directory that is PROGRAMS_DIR or below. */
bool file_would_be_data(const char *path);

/* A description of its own, close-on-exec. */
int file_open_again(int descriptor, int flags);

/* The whole file, whatever DESCRIPTOR may do with it; and a file of these bytes alone. */
struct content file_read(int descriptor);
void file_write(int descriptor, const char *bytes, size_t size);

mode_t file_mode(int descriptor);

#endif
