/* A store in memory that can move to a file: a spooled stream's, past its limit or
 * without memory left; and every memory stream's, as somebody may ask for its descriptor.
 */
#ifndef SPOOLED_H
#define SPOOLED_H

#include "filelike.h"
#include "store/memory.h"

/* A store whose bytes stay in memory until a descriptor is asked for: they then move to a
 * memory file of the kernel, or to disk where they count on a budget. */
struct store *spooled_create_memory(const struct filelike_options *options);

/* A store that moves to disk rather than pass options->memory_limit or the budget. */
struct store *spooled_create(const struct filelike_options *options);

/* The memory of a store that has not moved. */
struct memory *spooled_memory(struct store *store);

#endif
