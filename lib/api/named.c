/* Temporary files with a name. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "files/tempfile.h"
#include "stdio/open.h"
#include "store/temporary.h"

/* The store gets the removal last, when nothing can fail any more. */
static FILE *make_and_open(
    const struct tempdir *tempdir, unsigned mode, const struct filelike_options *options)
{
    struct removal *removal;
    struct directory *directory;
    int descriptor = tempfile_create_named(
        tempdir, options->prefix, options->suffix, &removal, &directory);
    struct store *store = temporary_create(descriptor, options->size_limit);
    FILE *file = open_file(store, mode, options, BUFFER_ON_DISK);
    if (file == NULL) {
        removal_release(removal);
        directory_release(directory);
        return NULL;
    }
    temporary_set_name(store, removal, directory);
    if (options->flags & FILELIKE_KEEP)
        removal_disarm(removal);
    return file;
}

static FILE *open_named_file(const char *mode, const struct filelike_options *options)
{
    struct tempdir tempdir;
    unsigned bits;
    if (options_check(&options) != 0 || mode_parse(mode, "w+", &bits) != 0 ||
        tempdir_init(&tempdir, options) != 0)
        return NULL;
    FILE *file = make_and_open(&tempdir, bits, options);
    tempdir_finish(&tempdir);
    return file;
}

FILE *filelike_named(const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_named_file(mode, options));
}
