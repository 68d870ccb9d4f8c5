/* Files with a name. */
#include <config.h>

#include "filelike.h"

#include "base/mode.h"
#include "base/options.h"
#include "files/descriptor.h"
#include "files/tempdir.h"
#include "stdio/open.h"
#include "store/temporary.h"

#include <errno.h>

static struct store *create_named(const struct filelike_options *options)
{
    struct tempdir tempdir;
    if (tempdir_init(&tempdir, options) != 0)
        return NULL;
    struct removal *removal = removal_reserve();
    struct store *store = NULL;
    if (removal != NULL) {
        int descriptor =
            tempdir_named(&tempdir, options->prefix, options->suffix, removal);
        if (descriptor != -1)
            store = temporary_create(descriptor, removal, options->size_limit);
        if (store == NULL) {
            removal_release(removal);
            descriptor_close(descriptor);
        }
    }
    int saved = errno;
    tempdir_finish(&tempdir);
    errno = saved;
    return store;
}

FILE *filelike_named(const char *mode, const struct filelike_options *options)
{
    struct filelike_options checked;
    unsigned bits;
    if (options_check(options, &checked) != 0 || mode_parse(mode, "w+", &bits) != 0)
        return NULL;
    struct store *store = create_named(&checked);
    if (store == NULL)
        return NULL;
    FILE *file = open_file(store, bits, &checked, BUFFER_ON_DISK);
    /* Only now: had the opening failed, the file would have gone. */
    if (file != NULL && (checked.flags & FILELIKE_KEEP))
        removal_disarm(temporary_of(store)->removal);
    return file;
}
