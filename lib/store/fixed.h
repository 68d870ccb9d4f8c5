/* A store on a block of the caller's, which never grows nor moves. */
#ifndef FIXED_H
#define FIXED_H

#include "store/store.h"

/* Makes a store on the CAPACITY bytes at BLOCK. The first SIZE of them are its content.
 * The block stays the caller's, who keeps it as long as the store. Returns NULL with
 * ENOMEM. */
struct store *fixed_create(
    void *block, size_t capacity, size_t size, uint64_t size_limit);

#endif
