/* A store in memory as a caller would have one: under filelike_custom, and under
 * fopencookie. */
#ifndef OWN_H
#define OWN_H

#include <stddef.h>
#include <stdio.h>

struct own; /* holds bytes */

/* NULL where there is no memory. */
struct own *own_create(void);
void own_free(struct own *own);

/* A stream to write and to read; it leaves OWN. NULL where it cannot be. */
FILE *own_open_custom(struct own *own);
FILE *own_open_cookie(struct own *own);

const char *own_bytes(const struct own *own, size_t *size);

#endif
