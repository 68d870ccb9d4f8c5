/* A part of the bytes of a stream as a stream of its own. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "stdio/likeness.h"
#include "stdio/open.h"
#include "store/section.h"

#include <errno.h>

/* The buffer of a stream in memory grows when its bytes move; that of a section does not.
 */
static size_t section_buffer(const struct likeness *likeness)
{
    store_lock(likeness->store);
    bool in_memory = store_can_move(likeness->store);
    store_unlock(likeness->store);
    return in_memory ? BUFFER_IN_MEMORY : likeness->default_buffer;
}

static FILE *open_section(FILE *file, int64_t start, int64_t size)
{
    struct likeness likeness;
    if (start < 0 || size < -1) {
        errno = EINVAL;
        return NULL;
    }
    if (likeness_take(&likeness, file, MODE_READ) != 0)
        return NULL;
    size_t buffer = section_buffer(&likeness);
    struct store *section = section_create(likeness.store, start, size);
    if (section == NULL) {
        KEEPING_ERRNO((void) store_release(likeness.store));
        return NULL;
    }
    return open_file(section, MODE_READ, &likeness.options, buffer);
}

FILE *filelike_section(FILE *file, int64_t start, int64_t size)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_section(file, start, size));
}
