/* Looking at the bytes and the errors of any stream, and changing its size. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "stdio/any_stream.h"
#include "stdio/access.h"

#include <errno.h>

/* ---- Asking ---------------------------------------------------------------------- */

int64_t filelike_size(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int64_t size = store_size(access.store);
    access_end_bytes(&access);
    return call_end(&access.call, size);
}

const void *filelike_view(FILE *file, size_t *size)
{
    struct access access;
    size_t ignored;
    if (access_begin_bytes(&access, file) != 0)
        return NULL;
    const void *view = store_view(access.store, size != NULL ? size : &ignored);
    access_end_bytes(&access);
    return call_end_pointer(&access.call, view);
}

int filelike_in_memory(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int in_memory = store_in_memory(access.store);
    access_end_bytes(&access);
    return call_end(&access.call, in_memory);
}

/* A stream of the library has recorded a failed flush by now. A native one may not have.
 */
static int first_error(const struct access *access, bool flushed)
{
    if (access->stream != NULL)
        return access->stream->first_error;
    return flushed ? access_lost_write(access) : errno;
}

int filelike_error(FILE *file)
{
    struct access access;
    if (access_begin(&access, file) != 0)
        return -1;
    bool flushed = any_stream_flush(file) == 0;
    int error = first_error(&access, flushed);
    access_end(&access);
    return call_end(&access.call, error);
}

/* ---- Changing -------------------------------------------------------------------- */

/* clearerr would clear the error indicator too. */
static void clear_end_of_file(FILE *file)
{
    if (feof(file))
        (void) fseeko(file, 0, SEEK_CUR);
}

int filelike_truncate(FILE *file, int64_t size)
{
    struct access access;
    if (size < 0)
        return call_fail(EINVAL);
    if (access_begin_change(&access, file) != 0)
        return -1;
    int status = store_truncate(access.store, size);
    store_unlock(access.store);
    if (status == 0)
        clear_end_of_file(file);
    access_end(&access);
    return call_end(&access.call, status);
}

void *filelike_detach(FILE *file, size_t *size)
{
    struct access access;
    size_t ignored;
    if (access_begin_change(&access, file) != 0)
        return NULL;
    void *bytes = store_detach(access.store, size != NULL ? size : &ignored);
    store_unlock(access.store);
    if (bytes != NULL)
        (void) any_stream_rewind(file);
    access_end(&access);
    return call_end_pointer(&access.call, bytes);
}
