#include <config.h>

#include "stdio/likeness.h"

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
    int descriptor = descriptor_open_or_duplicate(own, O_RDWR);
    if (descriptor == -1 && mode_access(mode) != O_RDWR)
        descriptor = descriptor_open_or_duplicate(own, mode_access(mode));
    if (descriptor == -1)
        return NULL;
    struct store *store = file_create(descriptor, 0);
    if (store == NULL)
        descriptor_close(descriptor);
    else
        file_doubt_size(store);
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
    if (store_check_mode(access->store, mode) != 0)
        return NULL;
    store_retain(access->store);
    return access->store;
}

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

int likeness_take(struct likeness *likeness, FILE *file, unsigned mode)
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
