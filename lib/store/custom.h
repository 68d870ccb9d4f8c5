/* A store of operations that the caller brings, with positions. */
#ifndef CUSTOM_H
#define CUSTOM_H

#include "store/backend.h"

/* A store on CONTEXT, which stays the caller's until backend_own: before that no
 * operation is called but truncate, and the store says that it is empty. NULL with
 * ENOMEM. */
struct store *custom_create(
    void *context, const struct filelike_operations *operations, uint64_t size_limit);

#endif
