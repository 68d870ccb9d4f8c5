/* Copies of all bytes of a store, made by reading it: for kinds that have no faster way.
 */
#ifndef CONTENTS_H
#define CONTENTS_H

#include "store/store.h"

/* The bytes in a block of malloc's with a '\0' behind, and their number in *SIZE. NULL
 * with errno. */
char *contents_to_block(struct store *store, size_t *size);

/* Writes the bytes to the start of the file of TARGET, a descriptor, which is empty. 0,
 * or -1 with errno. */
int contents_to_file(struct store *store, int target);

#endif
