#include <config.h>

#include "stdio/inheritance.h"

#include "base/mode.h"
#include "files/descriptor.h"
#include "stdio/access.h"
#include "stdio/any_stream.h"
#include "stdio/open.h"
#include "store/temporary.h"

#include <errno.h>
#include <fcntl.h>

/* A store on the file of a native stream. It is opened to read and write, or where the
 * file does not allow that, as MODE needs it. */
static struct store *share_native(const struct native *native, unsigned mode)
{
    int own = native->file.store.descriptor;
    int descriptor = descriptor_open_or_duplicate(own, O_RDWR);
    if (descriptor == -1 && mode_access(mode) != O_RDWR)
        descriptor = descriptor_open_or_duplicate(own, mode_access(mode));
    struct store *store = native_may_be_given_away(native)
                              ? temporary_create(descriptor, 0)
                              : file_create(descriptor, 0);
    if (store != NULL)
        file_set_size_unverified(store);
    return store;
}

static struct store *share_store(const struct access *access, unsigned mode)
{
    if (access->native != NULL)
        return share_native(access->native, mode);
    if (access->stream->readers_only && (mode & MODE_WRITE) != 0)
        return call_fail_pointer(ENOTSUP);
    if (store_check_mode(access->store, mode) != 0)
        return NULL;
    store_retain(access->store);
    return access->store;
}

static void inherit_options(struct inheritance *inheritance, const struct access *access)
{
    const struct stream *stream = access->stream;
    inheritance->options.permissions = access_permissions(access);
    if (stream == NULL)
        return;
    inheritance->options.buffer_size = stream->requested_buffer_size;
    inheritance->default_buffer =
        stream->large_buffer_size != 0 ? stream->large_buffer_size : stream->buffer_size;
    inheritance->readers_only = stream->readers_only;
}

int inheritance_take(struct inheritance *inheritance, FILE *file, unsigned mode)
{
    struct access access;
    if (access_begin(&access, file) != 0)
        return -1;
    *inheritance = (struct inheritance){.default_buffer = BUFFER_ON_DISK};
    inherit_options(inheritance, &access);
    if (any_stream_flush(file) == 0)
        inheritance->store = share_store(&access, mode);
    access_end(&access);
    return call_end(&access.call, inheritance->store != NULL ? 0 : -1);
}
