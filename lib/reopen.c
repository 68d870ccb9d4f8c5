/* A second stream on the bytes of another. */
#include <config.h>

#include "filelike.h"

#include "cookie.h"
#include "descriptor.h"
#include "mode.h"
#include "open.h"
#include "use.h"

#include <errno.h>
#include <fcntl.h>

/* A store on the file of a native stream: it can do what the file allows, or at least
 * what MODE asks for. */
static struct store *share_native(const struct native *native, unsigned mode)
{
    int own = native->file.descriptor;
    int descriptor = descriptor_share(own, O_RDWR);
    if (descriptor == -1 && mode_access(mode) != O_RDWR)
        descriptor = descriptor_share(own, mode_access(mode));
    if (descriptor == -1)
        return NULL;
    struct store *store = file_create(descriptor, 0);
    if (store == NULL)
        descriptor_close(descriptor);
    return store;
}

static struct store *share(const struct use *use, unsigned mode)
{
    if (use->native != NULL)
        return share_native(use->native, mode);
    if (use->stream->readers_only && (mode & MODE_WRITE) != 0) {
        errno = ENOTSUP;
        return NULL;
    }
    store_retain(use->store);
    return use->store;
}

static struct filelike_options like(const struct stream *stream)
{
    struct filelike_options options = {0};
    if (stream != NULL) {
        options.buffer_size = stream->buffer_size - cookie_buffer_overhead();
        options.permissions = stream->permissions;
    }
    return options;
}

static int truncate_all(struct store *store, unsigned mode)
{
    if ((mode & MODE_TRUNCATE) == 0)
        return 0;
    store_lock(store);
    int status = store_truncate(store, 0);
    store_unlock(store);
    return status;
}

static struct stream *reopen(const struct use *use, unsigned mode)
{
    struct filelike_options options = like(use->stream);
    struct store *store = share(use, mode);
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, &options, BUFFER_ON_DISK);
    if (stream != NULL && truncate_all(store, mode) == 0) {
        stream->readers_only = use->stream != NULL && use->stream->readers_only;
        return stream;
    }
    int saved = errno;
    if (stream != NULL)
        (void) fclose(stream->file);
    else
        store_release(store);
    errno = saved;
    return NULL;
}

FILE *filelike_reopen(FILE *file, const char *mode)
{
    struct use use;
    unsigned bits;
    if (mode_parse(mode, "r+", &bits) != 0 || use_begin(&use, file) != 0)
        return NULL;
    struct stream *stream = cookie_flush(file) == 0 ? reopen(&use, bits) : NULL;
    use_end(&use);
    return stream != NULL ? stream->file : NULL;
}
