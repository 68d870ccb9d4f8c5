/* A second stream on the bytes of another. */
#include <config.h>

#include "filelike.h"

#include "base/mode.h"
#include "files/descriptor.h"
#include "stdio/access.h"
#include "stdio/cookie.h"
#include "stdio/open.h"

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

static struct store *share(const struct access *access, unsigned mode)
{
    if (access->native != NULL)
        return share_native(access->native, mode);
    if (access->stream->readers_only && (mode & MODE_WRITE) != 0) {
        errno = ENOTSUP;
        return NULL;
    }
    store_retain(access->store);
    return access->store;
}

/* What the second stream takes from the first. */
struct likeness {
    struct store *store; /* a reference */
    struct filelike_options options;
    size_t default_buffer; /* bytes */
    bool readers_only;
};

static void describe(struct likeness *likeness, const struct access *access)
{
    const struct stream *stream = access->stream;
    if (stream == NULL)
        return;
    likeness->options.permissions = stream->permissions;
    likeness->options.buffer_size = stream->wanted_buffer;
    likeness->default_buffer =
        stream->late_size != 0 ? stream->late_size : stream->buffer_size;
    likeness->readers_only = stream->readers_only;
}

/* No stream is opened here, while this one is locked: that takes stdio's list lock, which
 * fflush(NULL) may hold while it waits for this stream. */
static int take_likeness(struct likeness *likeness, FILE *file, unsigned mode)
{
    struct access access;
    if (access_begin(&access, file) != 0)
        return -1;
    *likeness = (struct likeness){.default_buffer = BUFFER_ON_DISK};
    describe(likeness, &access);
    if (cookie_flush(file) == 0)
        likeness->store = share(&access, mode);
    access_end(&access);
    return call_end(&access.call, likeness->store != NULL ? 0 : -1);
}

static FILE *reopen(FILE *file, const char *mode)
{
    struct likeness likeness;
    unsigned bits;
    if (mode_parse(mode, "r+", &bits) != 0 || take_likeness(&likeness, file, bits) != 0)
        return NULL;
    struct stream *stream =
        open_another(likeness.store, bits, &likeness.options, likeness.default_buffer);
    if (stream == NULL)
        return NULL;
    stream->readers_only = likeness.readers_only;
    return stream->file;
}

FILE *filelike_reopen(FILE *file, const char *mode)
{
    struct call call = call_begin();
    return call_end_pointer(&call, reopen(file, mode));
}
