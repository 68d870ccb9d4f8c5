/* The bytes of a stream for others: other programs, a descriptor, the disk. */
#include <config.h>

#include "filelike.h"

#include "files/descriptor.h"
#include "stdio/access.h"
#include "stdio/cookie.h"
#include "store/temporary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int filelike_rollover(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int status = store_move_to_disk(access.store);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}

/* ---- A descriptor --------------------------------------------------------------------
 */

int filelike_fileno(FILE *file)
{
    struct access access;
    if (access_begin_position(&access, file) != 0)
        return -1;
    int descriptor = access.stream != NULL
                         ? handle_obtain_descriptor(&access.stream->handle)
                         : store_descriptor(access.store);
    access_end_bytes(&access);
    return call_end(&access.call, descriptor);
}

/* ---- A path --------------------------------------------------------------------------
 */

/* TEXT as the answer of this stream, in place of the one before: it stays whatever is
 * done to others on the same bytes. One that still holds stays where it is. */
static const char *answer(const struct access *access, const char *text)
{
    char **answered =
        access->stream != NULL ? &access->stream->path : &access->native->answered_path;
    if (*answered != NULL && strcmp(*answered, text) == 0)
        return *answered;
    char *path = strdup(text);
    if (path == NULL)
        return NULL;
    free(*answered);
    *answered = path;
    return path;
}

static const char *answer_proc_path(const struct access *access)
{
    char path[PROC_PATH_SIZE];
    if (store_obtain_descriptor(access->store) != 0 ||
        descriptor_proc_path(store_descriptor(access->store), path) != 0)
        return NULL;
    return answer(access, path);
}

/* Where FILE has been put, unless it is not there any more: another may have come after
 * it, and of a native stream nobody tells when it is closed. */
static const char *given_path(const char *path, const struct file *file)
{
    struct stat status;
    if (path == NULL || RETRY(stat(path, &status)) != 0)
        return NULL;
    return file_is(file, &status) ? path : NULL;
}

static const char *own_path(const struct access *access)
{
    if (access->native != NULL)
        return given_path(access->native->given_path, &access->native->file);
    const struct temporary *temporary = temporary_of(access->store);
    if (temporary == NULL)
        return NULL;
    if (temporary->given_path != NULL)
        return given_path(temporary->given_path, &temporary->file);
    return temporary_path(temporary);
}

const char *filelike_path(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return NULL;
    const char *own = own_path(&access);
    const char *path = own != NULL ? answer(&access, own) : answer_proc_path(&access);
    access_end_bytes(&access);
    return call_end_pointer(&access.call, path);
}
