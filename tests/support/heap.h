/* The heap as a test wants it: what the library has allocated is counted, and an
 * allocation fails on demand. The linker wraps the functions (--wrap), so the program has
 * to hold the library's objects: it is linked statically with it. */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the library's allocations come past here; says that the test is skipped, and
 * why, where not. */
bool heap_is_wrapped(void);

/* The allocation that is NUMBER from now on fails, 1 being the next; and, with ALL, those
 * after it too. */
void heap_fail(size_t number, bool all);

/* Nothing fails any more. */
void heap_allow(void);

/* Whether one has failed since heap_fail. */
bool heap_has_failed(void);

/* Called within realloc, where it is not NULL, before the block moves; and within free,
 * before the block is gone. */
extern void (*heap_meanwhile)(void);
extern void (*heap_before_free)(void);

/* How many were asked for since the start, and how many blocks and streams there are. */
size_t heap_requests(void);
size_t heap_live(void);

/* The largest block that was asked for since the last call. */
size_t heap_largest(void);

#endif
