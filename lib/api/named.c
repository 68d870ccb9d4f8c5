/* Temporary files with a name. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "files/tempdir.h"
#include "stdio/open.h"
#include "store/temporary.h"

/* Opens a stream that owns DESCRIPTOR, or closes DESCRIPTOR. The store gets the removal
 * last, when nothing can fail any more. */
static FILE *open_made_file(int descriptor, struct removal *removal,
    struct directory *directory, unsigned mode, const struct filelike_options *options)
{
    struct store *store = temporary_create(descriptor, options->size_limit);
    FILE *file = open_file(store, mode, options, BUFFER_ON_DISK);
    if (file == NULL)
        return NULL;
    temporary_set_name(temporary_of(store), removal, directory);
    if (options->flags & FILELIKE_KEEP)
        removal_disarm(removal);
    return file;
}

/* After success REMOVAL belongs to the stream. */
static FILE *make_and_open(const struct tempdir *tempdir, struct removal *removal,
    unsigned mode, const struct filelike_options *options)
{
    struct directory *directory;
    int descriptor = tempdir_create_named(
        tempdir, options->prefix, options->suffix, removal, &directory);
    if (descriptor == -1)
        return NULL;
    FILE *file = open_made_file(descriptor, removal, directory, mode, options);
    if (file != NULL)
        return file;
    KEEPING_ERRNO((void) removal_undo(removal));
    directory_release(directory);
    return NULL;
}

static FILE *open_named_file(const char *mode, const struct filelike_options *options)
{
    struct tempdir tempdir;
    unsigned bits;
    if (options_check(&options) != 0 || mode_parse(mode, "w+", &bits) != 0 ||
        tempdir_init(&tempdir, options) != 0)
        return NULL;
    struct removal *removal = removal_reserve();
    FILE *file = removal != NULL ? make_and_open(&tempdir, removal, bits, options) : NULL;
    if (file == NULL && removal != NULL)
        removal_release(removal);
    tempdir_finish(&tempdir);
    return file;
}

FILE *filelike_named(const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_named_file(mode, options));
}
