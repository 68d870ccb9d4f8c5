/* Copies all bytes of a store by reading them, for kinds that have no faster way. */
#ifndef CONTENTS_H
#define CONTENTS_H

#include "store/store.h"

/* Copies the bytes to a block of malloc's with a '\0' behind them, and sets *SIZE to
 * their number. Returns the block, or NULL with errno. */
char *contents_to_block(struct store *store, size_t *size);

/* Writes the bytes to an empty file, whose descriptor is TARGET. Returns 0, or -1 with
 * errno. It is the operation copy_to of struct store_operations. */
int contents_to_file(struct store *store, int target);

#endif
