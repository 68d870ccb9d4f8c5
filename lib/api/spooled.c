/* Streams that start in memory and move to disk when they grow. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "stdio/access.h"
#include "stdio/open.h"
#include "store/spooled.h"

FILE *filelike_spooled(const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    unsigned bits;
    FILE *file = NULL;
    if (options_check(&options) == 0 && mode_parse(mode, "w+", &bits) == 0)
        file = open_file(spooled_create(options), bits, options, BUFFER_ON_DISK);
    return call_end_pointer(&call, file);
}

int filelike_rollover(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int status = store_move_to_disk(access.store);
    access_end_bytes(&access);
    return call_end(&access.call, status);
}
