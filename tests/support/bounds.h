/* Limits each test to files of 1 GiB and 8 GiB of memory. A test that goes wrong then
 * ends and says which bound it met, instead of filling a disk. The bounds hold from the
 * start of each program that is linked with this. */
#ifndef BOUNDS_H
#define BOUNDS_H

/* For a test whose files have far ends, with gaps before. */
void bounds_allow_far_positions(void);

#endif
