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

/* A file in PROGRAMS_DIR or below, whether it exists or not. */
bool file_would_be_data(const char *path);

/* Opens the file with a file description of its own, close-on-exec. */
int file_open_again(int descriptor, int flags);

/* Reads the whole file, whatever access DESCRIPTOR has; replaces all of it by these
 * bytes. */
struct content file_read(int descriptor);
void file_write(int descriptor, const char *bytes, size_t size);

mode_t file_mode(int descriptor);

#endif
