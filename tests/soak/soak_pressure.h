/* Too little memory, disk and descriptors, for a soak. */
#ifndef SOAK_PRESSURE_H
#define SOAK_PRESSURE_H

#include <stdbool.h>

/* Makes a small disk at "disk" in the current directory. False with errno if even that
 * directory cannot be made. UNLIMITED: the memory is never limited. */
bool pressure_begin(bool memory_unlimited);

/* Sets the limits of turn NUMBER. Good and bad times alternate, because many calls would
 * never be tried under a permanent limit. */
void pressure_turn(unsigned number);

/* Sets the usual limits again. */
void pressure_end(void);

#endif
