/* Pages of large blocks: fewer of them, and fewer faults. */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/* Lets the kernel provide the pages of BLOCK, SIZE bytes that are about to be written.
 *
 * Why? A fresh block has no pages, and each one that is written first is a fault. One
 * call for many pages takes less time. But it takes longer than the write itself where
 * the pages are there already, so nothing is done if some of them are. Nor is it where
 * the kernel cannot do so (before Linux 5.14). Keeps errno. */
void pages_provide(void *block, size_t size);

/* Asks the kernel for huge pages in the SIZE bytes from the page of BLOCK on, where such
 * a page has 2 MiB. One fault then provides what 512 do elsewhere. Keeps errno. */
void pages_prefer_huge(void *block, size_t size);

#endif
