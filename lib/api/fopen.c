/* fopen, for code that opens its own files: some paths lead to streams of ours. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "files/descriptor.h"
#include "stdio/cookie.h"
#include "stdio/open.h"
#include "store/names.h"
#include "store/spooled.h"

#include <errno.h>
#include <string.h>

#define MEMORY "memory:"
#define SPOOLED "spooled:"
#define TEMPORARY "temporary:"
#define ATOMIC "atomic:"

/* What follows PREFIX in PATH, or NULL. */
static const char *after(const char *prefix, const char *path)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 ? path + length : NULL;
}

/* ---- Bytes under a name --------------------------------------------------------------
 */

static const struct filelike_options defaults;

static FILE *refuse(int error)
{
    errno = error;
    return NULL;
}

static FILE *open_again(struct store *store, unsigned mode)
{
    struct stream *stream = open_another(store, mode, &defaults, BUFFER_IN_MEMORY);
    return stream != NULL ? stream->file : NULL;
}

/* The stream is opened before the name is seen: where it cannot be, no name is left
 * behind. */
static FILE *open_new(const char *name, unsigned mode)
{
    struct store *store = spooled_create_memory(&defaults);
    FILE *file = open_file(store, mode, &defaults, BUFFER_IN_MEMORY);
    if (file == NULL || names_insert(name, store) == 0)
        return file;
    cookie_discard(file);
    return NULL;
}

static FILE *open_named_bytes(const char *name, const char *mode_text)
{
    unsigned mode;
    if (mode_parse(mode_text, "", &mode) != 0)
        return NULL;
    bool creates = (mode & (MODE_TRUNCATE | MODE_APPEND)) != 0;
    for (;;) {
        struct store *store = names_find(name);
        if (store != NULL && creates && (mode & MODE_EXCLUSIVE)) {
            (void) store_release(store);
            return refuse(EEXIST);
        }
        if (store != NULL)
            return open_again(store, mode);
        if (!creates)
            return refuse(ENOENT);
        FILE *file = open_new(name, mode);
        /* Another thread may just have been first. */
        if (file != NULL || errno != EEXIST)
            return file;
    }
}

/* ---- The C library's own -------------------------------------------------------------
 *
 * Where a linker's --wrap has made fopen lead to us, and we are in that program
 * ourselves, from the static library, our own call would come back here. The linker then
 * has the real one under this name, and without --wrap there is nothing of the name
 * (ld(1)). */

__attribute__((weak)) FILE *__real_fopen(const char *path, const char *mode);
__attribute__((weak)) int __real_remove(const char *path);

static FILE *real_fopen(const char *path, const char *mode)
{
    int held = call_hold_cancellation();
    FILE *file = __real_fopen != NULL ? __real_fopen(path, mode) : fopen(path, mode);
    call_allow_cancellation(held);
    return file;
}

static int real_remove(const char *path)
{
    return RETRY(__real_remove != NULL ? __real_remove(path) : remove(path));
}

/* ---- All kinds of path ---------------------------------------------------------------
 */

FILE *filelike_fopen(const char *path, const char *mode)
{
    if (path == NULL || mode == NULL)
        return refuse(path == NULL ? EFAULT : EINVAL);
    if (strcmp(path, MEMORY) == 0)
        return filelike_memory(mode, NULL);
    if (strcmp(path, SPOOLED) == 0)
        return filelike_spooled(mode, NULL);
    if (strcmp(path, TEMPORARY) == 0)
        return filelike_temporary(mode, NULL);
    if (after(MEMORY, path) != NULL)
        return open_named_bytes(after(MEMORY, path), mode);
    if (after(ATOMIC, path) != NULL)
        return filelike_atomic(after(ATOMIC, path), mode, NULL);
    return real_fopen(path, mode);
}

int filelike_remove(const char *path)
{
    const char *name = after(MEMORY, path);
    return name != NULL ? names_remove(name) : real_remove(path);
}
