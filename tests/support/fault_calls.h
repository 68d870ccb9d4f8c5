/* Further calls that can be struck, see faults.h: a program that is linked with this has
 * its own close, fstat, mmap and so on, for the library's calls too. */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <stddef.h>

/* How many mappings there are, of those that were made and given back by these calls. */
size_t mappings_live(void);

#endif
