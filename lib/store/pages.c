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

/* The first, the middle and the last page tell for all of them, because malloc returns
 * memory in larger units. */
static bool is_fresh(char *pages, size_t size, size_t page_size)
{
    size_t half = (size / page_size - 1) / 2 * page_size;
    size_t last = size - page_size;
    const size_t places[] = {0, half, last};
    bool fresh = true;
    for (size_t i = 0; fresh && i < sizeof places / sizeof *places; i++)
        fresh = !is_present(pages + places[i], page_size);
    return fresh;
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

enum { SMALL_PAGE = 4096 /* bytes */ };

/* A huge page may have 512 MiB where other pages are larger. */
void pages_prefer_huge(void *block, size_t size)
{
    size_t page_size = (size_t) sysconf(_SC_PAGESIZE);
    if (page_size != SMALL_PAGE)
        return;
    char *begin = (char *) block - (uintptr_t) block % page_size;
    KEEPING_ERRNO((void) madvise(begin, size, MADV_HUGEPAGE));
}
