/* A store that shows a part of another one, to be read only. */
#ifndef SECTION_H
#define SECTION_H

#include "store/store.h"

/* Makes a store of the SIZE bytes of WHOLE from START on. A SIZE of -1 means all that
 * follow. The lock of WHOLE guards the section, too. The reference to WHOLE belongs to
 * the section on success. Returns NULL with ENOMEM. */
struct store *section_create(struct store *whole, int64_t start, int64_t size);

#endif
