/* Too little of everything, for a soak. */
#ifndef SOAK_PRESSURE_H
#define SOAK_PRESSURE_H

#include <stdbool.h>

/* A small disk, at "disk" in the current directory; false with errno where not even that
 * directory can be made. UNLIMITED: the memory never is. */
bool pressure_begin(bool memory_unlimited);

/* The limits of turn NUMBER: good and bad times alternate, as a limit that never ends
 * keeps much from being tried. */
void pressure_turn(unsigned number);

/* The usual limits again. */
void pressure_end(void);

#endif
