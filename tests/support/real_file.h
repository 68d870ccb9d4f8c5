/* The real file that sequences are compared with. There is one, created at the first use
 * and removed at exit. */
#ifndef REAL_FILE_H
#define REAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Its path, or NULL with errno where it cannot be made. */
const char *real_file_path(void);

/* Replaces the content of the file by the SIZE bytes at DATA. */
bool real_file_fill(const void *data, size_t size);

int64_t real_file_size(void);
int real_file_truncate(int64_t size);
ssize_t real_file_append(const void *data, size_t size);

/* All bytes of the file and a '\0' after them, in a block from malloc; or NULL. */
char *real_file_read(size_t *size);

/* Another path in the same directory. It is removed at exit, too. */
const char *real_file_neighbour(void);

/* All bytes of the file at PATH, in the same form. */
char *read_file_at(const char *path, size_t *size);

#endif
