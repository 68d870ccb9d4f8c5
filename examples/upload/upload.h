/* The bytes of one upload, in a spooled stream from the first to the last. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "table.h"

#include <filelike.h>

struct upload {
    FILE *stream;  /* NULL: none is open */
    int64_t bytes; /* once it is complete */
};

/* The functions return 0, or -1 with errno. After a failure the stream is closed: what it
 * held in memory and on disk is given back at once, not when the client has ended. */

int upload_open(struct upload *upload, const struct filelike_options *options);
int upload_append(struct upload *upload, const char *data, size_t size);

/* All has been appended: stored to the last byte, and back to the first. */
int upload_complete(struct upload *upload);

/* Gives the complete upload to the parser, and closes it in any case. -1 with table->line
 * not 0: the file is malformed there. */
int upload_read(struct upload *upload, struct table *table);

/* Closes it unless it is closed. */
void upload_close(struct upload *upload);

#endif
