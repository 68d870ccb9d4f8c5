/* A store that is a part of another one, to be read only. */
#ifndef SECTION_H
#define SECTION_H

#include "store/store.h"

/* The SIZE bytes of WHOLE from START on, or all that follow where SIZE is -1; both are
 * guarded by the lock of WHOLE. The reference to WHOLE becomes the section's on success.
 * NULL with ENOMEM. */
struct store *section_create(struct store *whole, int64_t start, int64_t size);

#endif
