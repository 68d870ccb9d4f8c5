/* A store on operations of the caller's that have positions. */
#ifndef CUSTOM_H
#define CUSTOM_H

#include "store/backend.h"

/* Makes a store on CONTEXT, which stays the caller's until backend_take_context. Before
 * that the store says that it is empty and calls no operation but truncate. Returns NULL
 * with ENOMEM. */
struct store *custom_create(
    void *context, const struct filelike_operations *operations, uint64_t size_limit);

#endif
