/* The bytes of a stream as a file of the system: its descriptor and its path. */
#include <config.h>

#include "filelike.h"

#include "files/descriptor.h"
#include "stdio/access.h"
#include "store/temporary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- A descriptor ---------------------------------------------------------------- */

int filelike_fileno(FILE *file)
{
    struct access access;
    if (access_begin_descriptor(&access, file) != 0)
        return -1;
    int descriptor = access.stream != NULL
                         ? handle_obtain_descriptor(&access.stream->handle)
                         : access.store->descriptor;
    access_end_bytes(&access);
    return call_end(&access.call, descriptor);
}

/* ---- A path ---------------------------------------------------------------------- */

/* An absolute path that leads to the file now, allocated by malloc, or NULL. A native
 * stream may have been closed without the library's knowledge, so its file is compared.
 */
static char *own_path(const struct access *access)
{
    struct stat status;
    if (access->native == NULL) {
        const struct temporary *temporary = temporary_of(access->store);
        return temporary != NULL ? temporary_path(temporary) : NULL;
    }
    const char *path = access->native->given_path;
    if (path == NULL || RETRY(stat(path, &status)) != 0)
        return NULL;
    return native_has_status(access->native, &status) ? strdup(path) : NULL;
}

static char *proc_path(const struct access *access)
{
    char path[PROC_PATH_SIZE];
    if (store_obtain_descriptor(access->store) != 0 ||
        descriptor_proc_path(access->store->descriptor, path) != 0)
        return NULL;
    return strdup(path);
}

/* Stores PATH, which may be NULL, in the stream, so that the caller can use it until the
 * next call. If it is the same as before, the old string stays where it is. */
static const char *store_path(const struct access *access, char *path)
{
    char **answered =
        access->stream != NULL ? &access->stream->path : &access->native->answered_path;
    if (path == NULL)
        return NULL;
    if (*answered != NULL && strcmp(*answered, path) == 0)
        free(path);
    else
        call_replace(answered, path);
    return *answered;
}

const char *filelike_path(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return NULL;
    char *path = own_path(&access);
    if (path == NULL)
        path = proc_path(&access);
    const char *answered = store_path(&access, path);
    access_end_bytes(&access);
    return call_end_pointer(&access.call, answered);
}
