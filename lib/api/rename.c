/* remove and rename for code that opens files by path. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/scheme.h"
#include "stdio/any_stream.h"
#include "stdio/open.h"
#include "stdio/unwrapped.h"
#include "store/names.h"

#include <errno.h>

/* ---- Removing -------------------------------------------------------------------- */

static int remove_path(const char *path)
{
    const char *rest;
    if (path == NULL)
        return call_fail(EFAULT);
    switch (scheme_of(path, &rest)) {
    case SCHEME_MEMORY_NAME:
        return names_remove(rest, NULL);
    case SCHEME_MEMORY:
        return call_fail(ENOENT);
    case SCHEME_ATOMIC:
        return unwrapped_remove(rest);
    default:
        return unwrapped_remove(path);
    }
}

int filelike_remove(const char *path)
{
    struct call call = call_begin();
    return call_end(&call, remove_path(path));
}

/* ---- Renaming -------------------------------------------------------------------- */

/* Persists through a stream on the bytes of the name. names_remove removes the name only
 * if it still stands for these bytes. */
static int persist_bytes(
    const char *name, const struct named_bytes *bytes, const char *path)
{
    struct filelike_options options = {.permissions = bytes->permissions};
    unsigned flags = bytes->flags & (FILELIKE_NOREPLACE | FILELIKE_NOSYNC);
    store_retain(bytes->store);
    struct stream *stream =
        open_another(bytes->store, MODE_READ, &options, BUFFER_IN_MEMORY);
    if (stream == NULL)
        return -1;
    int status = filelike_persist(stream->file, path, flags);
    if (status == 0)
        (void) names_remove(name, bytes->store);
    any_stream_abandon(stream->file);
    return status;
}

static int persist_name(const char *name, const char *path)
{
    struct named_bytes bytes;
    bool made;
    if (names_obtain(name, MODE_READ, NULL, &bytes, &made) != 0)
        return -1;
    int status = persist_bytes(name, &bytes, path);
    KEEPING_ERRNO((void) store_release(bytes.store));
    return status;
}

static int rename_path(const char *from, const char *to)
{
    const char *old;
    const char *new;
    if (from == NULL || to == NULL)
        return call_fail(EFAULT);
    enum scheme scheme = scheme_of(from, &old);
    enum scheme other = scheme_of(to, &new);
    if (scheme_is_anonymous(scheme) || scheme_is_anonymous(other))
        return call_fail(EINVAL);
    if (scheme == SCHEME_MEMORY_NAME && other == SCHEME_MEMORY_NAME)
        return names_rename(old, new);
    if (scheme == SCHEME_MEMORY_NAME)
        return persist_name(old, new);
    if (other == SCHEME_MEMORY_NAME)
        return call_fail(EXDEV);
    return unwrapped_rename(old, new);
}

int filelike_rename(const char *from, const char *to)
{
    struct call call = call_begin();
    return call_end(&call, rename_path(from, to));
}
