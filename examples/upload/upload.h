/* The bytes of one upload, in a spooled stream. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "table.h"

#include <filelike.h>

struct upload {
    FILE *stream;  /* NULL if none is open */
    int64_t bytes; /* of the complete upload */
};

/* The functions return 0, or -1 with errno. After a failure the stream is closed, so its
 * memory and disk space are free at once, not only when the client has ended. */

int upload_open(struct upload *upload, const struct filelike_options *options);
int upload_append(struct upload *upload, const char *data, size_t size);

/* Ends the upload: all bytes are stored, and the position is the start. */
int upload_complete(struct upload *upload);

/* Gives the complete upload to the parser, and always closes it. -1 with table->line not
 * 0: the file is malformed there. */
int upload_read(struct upload *upload, struct table *table);

/* Closes the upload if it is open. */
void upload_close(struct upload *upload);

#endif
