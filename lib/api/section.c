/* Streams on a part of the bytes of another stream. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "stdio/inheritance.h"
#include "stdio/open.h"
#include "store/section.h"

#include <errno.h>

/* The buffer of a spooled stream grows when its bytes move to disk. That of a section
 * cannot grow, so it keeps the size for streams in memory. */
static size_t section_buffer(const struct inheritance *inheritance)
{
    store_lock(inheritance->store);
    bool in_memory = store_can_move(inheritance->store);
    store_unlock(inheritance->store);
    return in_memory ? BUFFER_IN_MEMORY : inheritance->default_buffer;
}

static FILE *open_section(FILE *file, int64_t start, int64_t size)
{
    struct inheritance inheritance;
    if (start < 0 || size < -1)
        return call_fail_pointer(EINVAL);
    if (inheritance_take(&inheritance, file, MODE_READ) != 0)
        return NULL;
    size_t buffer = section_buffer(&inheritance);
    struct store *section = section_create(inheritance.store, start, size);
    if (section == NULL) {
        KEEPING_ERRNO((void) store_release(inheritance.store));
        return NULL;
    }
    return open_file(section, MODE_READ, &inheritance.options, buffer);
}

FILE *filelike_section(FILE *file, int64_t start, int64_t size)
{
    struct call call = call_begin();
    return call_end_pointer(&call, open_section(file, start, size));
}
