/* Temporary files without a name. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "files/tempfile.h"
#include "stdio/any_stream.h"
#include "stdio/native.h"
#include "stdio/open.h"
#include "store/temporary.h"

#include <fcntl.h>

static int make_nameless_file(const struct filelike_options *options, int access)
{
    struct tempdir tempdir;
    if (options->flags & FILELIKE_IN_MEMORY)
        tempdir_init_memory_file(&tempdir, options);
    else if (tempdir_init(&tempdir, options) != 0)
        return -1;
    int descriptor = tempfile_create_nameless(&tempdir, access);
    tempdir_finish(&tempdir);
    return descriptor;
}

/* A stream of the library, which checks size_limit and remembers the permissions. */
static FILE *open_watched(unsigned mode, const struct filelike_options *options)
{
    int descriptor = make_nameless_file(options, O_RDWR);
    struct store *store = temporary_create(descriptor, options->size_limit);
    return open_file(store, mode, options, BUFFER_ON_DISK);
}

static FILE *open_native_file(unsigned mode, const struct filelike_options *options)
{
    /* "r" needs O_RDWR too: the kernel makes no file without a name just to read it. */
    bool only_writes = (mode & MODE_READ) == 0;
    int descriptor = make_nameless_file(options, only_writes ? O_WRONLY : O_RDWR);
    if (descriptor == -1)
        return NULL;
    FILE *file = open_native(descriptor, mode, options, BUFFER_OF_NATIVE_FILE);
    if (file == NULL || native_record_maker(file) == 0)
        return file;
    any_stream_abandon(file);
    return NULL;
}

static FILE *open_temporary_file(const char *mode, const struct filelike_options *options)
{
    unsigned bits;
    if (options_check(&options) != 0 || mode_parse(mode, "w+", &bits) != 0)
        return NULL;
    bool is_watched = options->size_limit != 0 || options->permissions != 0;
    return is_watched ? open_watched(bits, options) : open_native_file(bits, options);
}

FILE *filelike_temporary(const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_temporary_file(mode, options));
}
