/* A store in memory as a caller would write it, for filelike_custom and fopencookie. */
#ifndef OWN_H
#define OWN_H

#include <stddef.h>
#include <stdio.h>

struct own; /* holds bytes */

/* NULL if memory is missing. */
struct own *own_create(void);
void own_free(struct own *own);

/* Opens a stream to write and read. OWN stays when it is closed. NULL if it cannot be
 * opened. */
FILE *own_open_custom(struct own *own);
FILE *own_open_cookie(struct own *own);

const char *own_bytes(const struct own *own, size_t *size);

#endif
