/* fopen for code that opens files by path. Some paths open streams of the library. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "base/scheme.h"
#include "files/descriptor.h"
#include "stdio/any_stream.h"
#include "stdio/open.h"
#include "stdio/unwrapped.h"
#include "store/file.h"
#include "store/names.h"
#include "store/spooled.h"

#include <errno.h>
#include <fcntl.h>

/* On a file at a path the C library chooses the buffer. */
enum { NO_BUFFER = 0 };

/* ---- Bytes under a name ---------------------------------------------------------- */

/* A native stream. It opens the file again, so it has an offset of its own. */
static FILE *open_name_native(const struct named_bytes *bytes, unsigned mode,
    const struct filelike_options *options, bool first)
{
    int append = mode & MODE_APPEND ? O_APPEND : 0;
    int descriptor =
        descriptor_open_again(bytes->store->descriptor, mode_access(mode) | append);
    if (descriptor == -1)
        return NULL;
    FILE *file = open_native(descriptor, mode, options, BUFFER_OF_MEMORY_FILE);
    if (file == NULL || first || (mode & MODE_TRUNCATE) == 0 ||
        descriptor_truncate(descriptor, 0) == 0)
        return file;
    any_stream_abandon(file);
    return NULL;
}

/* A stream of the library. */
static FILE *open_name_watched(const struct named_bytes *bytes, unsigned mode,
    const struct filelike_options *options, bool first)
{
    store_retain(bytes->store);
    if (first)
        return open_file(bytes->store, mode, options, BUFFER_IN_MEMORY);
    struct stream *stream = open_another(bytes->store, mode, options, BUFFER_IN_MEMORY);
    return stream != NULL ? stream->file : NULL;
}

/* The permissions are those of the opening that made the name. */
static FILE *open_named_bytes(const struct named_bytes *bytes, unsigned mode,
    const struct filelike_options *options, bool first)
{
    struct filelike_options adjusted = *options;
    adjusted.permissions = bytes->permissions;
    /* If there is no /proc, or no descriptor left, the streams share that of the name. */
    FILE *file = bytes->is_file ? open_name_native(bytes, mode, &adjusted, first) : NULL;
    if (file == NULL)
        file = open_name_watched(bytes, mode, &adjusted, first && !bytes->is_file);
    if (file == NULL || !first || names_set_permissions(bytes) == 0)
        return file;
    any_stream_abandon(file);
    return NULL;
}

static FILE *open_name(
    const char *name, unsigned mode, const struct filelike_options *options)
{
    struct named_bytes bytes;
    bool made;
    if (names_obtain(name, mode, options, &bytes, &made) != 0)
        return NULL;
    FILE *file = open_named_bytes(&bytes, mode, options, made);
    if (file == NULL && made)
        (void) names_remove(name, bytes.store);
    KEEPING_ERRNO((void) store_release(bytes.store));
    return file;
}

/* ---- Bytes without a name -------------------------------------------------------- */

static FILE *open_memory(
    const char *plain_mode, unsigned mode, const struct filelike_options *options)
{
    if (options->size_limit == 0 && options->budget == NULL) {
        mode_t permissions =
            options->permissions != 0 ? options->permissions : PRIVATE_MODE;
        int descriptor = descriptor_create_in_memory(mode_access(mode), permissions);
        if (descriptor != -1)
            return open_native(descriptor, mode, options, BUFFER_OF_MEMORY_FILE);
    }
    return filelike_memory(plain_mode, options);
}

/* ---- All kinds of path ----------------------------------------------------------- */

/* A mode that only reads publishes nothing: it opens the file. */
static FILE *open_published(const char *path, const struct filelike_options *options)
{
    int descriptor = descriptor_open(AT_FDCWD, path, O_RDONLY);
    return descriptor != -1 ? open_native(descriptor, MODE_READ, options, NO_BUFFER)
                            : NULL;
}

static FILE *open_scheme(enum scheme scheme, const char *rest, const char *mode,
    const struct filelike_options *options)
{
    char plain[MODE_TEXT_SIZE];
    unsigned bits;
    if (mode_parse_fopen(mode, plain, &bits) != 0)
        return NULL;
    switch (scheme) {
    case SCHEME_MEMORY_NAME:
        return open_name(rest, bits, options);
    case SCHEME_MEMORY:
        return open_memory(plain, bits, options);
    case SCHEME_SPOOLED:
        return filelike_spooled(plain, options);
    case SCHEME_TEMPORARY:
        return filelike_temporary(plain, options);
    default: /* SCHEME_ATOMIC */
        return bits & MODE_WRITE ? filelike_atomic(rest, plain, options)
                                 : open_published(rest, options);
    }
}

static FILE *open_path(
    const char *path, const char *mode, const struct filelike_options *options)
{
    const char *rest;
    if (path == NULL || mode == NULL)
        return call_fail_pointer(path == NULL ? EFAULT : EINVAL);
    if (options_check(&options) != 0)
        return NULL;
    enum scheme scheme = scheme_of(path, &rest);
    return scheme == SCHEME_NONE ? unwrapped_fopen(path, mode)
                                 : open_scheme(scheme, rest, mode, options);
}

FILE *filelike_open(
    const char *path, const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_path(path, mode, options));
}

FILE *filelike_fopen(const char *path, const char *mode)
{
    return filelike_open(path, mode, NULL);
}
