#include "upload.h"

#include <errno.h>

int upload_open(struct upload *upload, const struct filelike_options *options)
{
    upload->stream = filelike_spooled("w+", options);
    return upload->stream == NULL ? -1 : 0;
}

void upload_close(struct upload *upload)
{
    if (upload->stream != NULL)
        (void) fclose(upload->stream);
    upload->stream = NULL;
}

/* filelike_error keeps the first error. errno may have changed since. */
static int fail(struct upload *upload)
{
    int error = filelike_error(upload->stream);
    upload_close(upload);
    errno = error > 0 ? error : EIO;
    return -1;
}

/* Both are checked: some versions of glibc return the full count although a flush
 * failed. */
int upload_append(struct upload *upload, const char *data, size_t size)
{
    size_t written = fwrite(data, 1, size, upload->stream);
    return written == size && !ferror(upload->stream) ? 0 : fail(upload);
}

/* rewind would hide a failure. */
int upload_complete(struct upload *upload)
{
    FILE *stream = upload->stream;
    if (fflush(stream) != 0 || fseek(stream, 0, SEEK_SET) != 0)
        return fail(upload);
    upload->bytes = filelike_size(stream);
    return 0;
}

int upload_read(struct upload *upload, struct table *table)
{
    int status = table_read(upload->stream, table);
    int saved = errno;
    upload_close(upload);
    errno = saved;
    return status;
}
