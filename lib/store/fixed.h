/* A store on a block of the caller's, which never grows. */
#ifndef FIXED_H
#define FIXED_H

#include "store/store.h"

/* A store on the CAPACITY bytes at BLOCK, which stay the caller's and must outlive it;
 * the first SIZE of them are its content. NULL with ENOMEM. */
struct store *fixed_create(
    void *block, size_t capacity, size_t size, uint64_t size_limit);

#endif
