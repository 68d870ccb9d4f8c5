/* A store in memory that can move to a file. That of a spooled stream moves when it would
 * pass its limit or finds no memory. That of a memory stream moves only when somebody
 * asks for its descriptor. */
#ifndef SPOOLED_H
#define SPOOLED_H

#include "filelike.h"
#include "store/memory.h"

/* Makes a store whose bytes stay in memory until a descriptor is asked for. They then
 * move to a memory file of the kernel, or to disk if a budget bounds their memory.
 * Returns NULL with errno. */
struct store *spooled_create_memory(const struct filelike_options *options);

/* Makes a store that moves to disk rather than pass options->memory_limit or the budget.
 * Returns NULL with errno. */
struct store *spooled_create(const struct filelike_options *options);

/* Returns the block of a store whose bytes have not moved. */
struct block *spooled_block(struct store *store);

#endif
