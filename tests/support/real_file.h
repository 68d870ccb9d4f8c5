/* The real file that sequences of calls are compared on: one, made at the first use and
 * removed at exit. */
#ifndef REAL_FILE_H
#define REAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Its path, or NULL with errno where it cannot be made. */
const char *real_file_path(void);

/* Makes the SIZE bytes at DATA all that it holds. */
bool real_file_fill(const void *data, size_t size);

int64_t real_file_size(void);
int real_file_truncate(int64_t size);
ssize_t real_file_append(const void *data, size_t size);

/* All of its bytes in a block of malloc's, a '\0' behind them; or NULL. */
char *real_file_read(size_t *size);

/* Another path in the same directory, that is removed at exit too. */
const char *real_file_neighbour(void);

/* All that the file at PATH holds, as above. */
char *read_file_at(const char *path, size_t *size);

#endif
