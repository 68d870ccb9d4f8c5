#include <config.h>

#include "store/pages.h"

#include "base/call.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux's, since 5.14 */
#endif

static bool is_present(char *page, size_t page_size)
{
    unsigned char state = 1;
    (void) mincore(page, page_size, &state);
    return (state & 1) != 0;
}

/* Three pages tell for all of them, because malloc returns memory in larger units. */
static bool is_fresh(char *pages, size_t size, size_t page_size)
{
    char *middle = pages + size / page_size / 2 * page_size;
    char *last = pages + size - page_size;
    return !is_present(last, page_size) && !is_present(middle, page_size) &&
           !is_present(pages, page_size);
}

/* Only whole pages: the memory beside them is not ours. */
void pages_provide(void *block, size_t size)
{
    size_t page_size = (size_t) sysconf(_SC_PAGESIZE);
    size_t before = -(uintptr_t) block % page_size;
    if (size < before + page_size)
        return;
    char *pages = (char *) block + before;
    size_t whole = (size - before) / page_size * page_size;
    if (is_fresh(pages, whole, page_size))
        KEEPING_ERRNO((void) madvise(pages, whole, MADV_POPULATE_WRITE));
}
