/* Files that stay after their streams are closed, and files that go before. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "files/removal.h"
#include "stdio/access.h"

int filelike_keep(FILE *file)
{
    struct access access;
    if (access_begin_bytes(&access, file) != 0)
        return -1;
    int status = store_keep(access.store);
    if (status == 0)
        access.stream->discarded = false;
    access_end_bytes(&access);
    return call_end(&access.call, status);
}

void filelike_cleanup(void)
{
    struct call call = call_begin();
    removal_remove_all();
    call_finish(&call, true);
}
