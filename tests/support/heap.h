/* Counts the library's allocations, and makes them fail on demand. The linker wraps the
 * functions (--wrap). So the program has to be linked statically with the library. */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the library's allocations are wrapped. If not, prints why the test is skipped.
 */
bool heap_is_wrapped(void);

/* Makes the allocation fail that is NUMBER from now on, 1 being the next. With ALL, later
 * allocations fail, too. */
void heap_fail(size_t number, bool all);

/* Nothing fails any more. */
void heap_allow(void);

/* Whether an allocation has failed since heap_fail. */
bool heap_has_failed(void);

/* Called, unless NULL, within realloc before the block moves, and within free before the
 * block is gone. */
extern void (*heap_meanwhile)(void);
extern void (*heap_before_free)(void);

/* The number of allocations since the start; and of blocks and streams that exist now. */
size_t heap_requests(void);
size_t heap_live(void);

/* The size of the largest block requested since the last call. */
size_t heap_largest(void);

#endif
