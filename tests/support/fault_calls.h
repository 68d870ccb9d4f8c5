/* More calls that can fail on demand, see faults.h. A program that is linked with this
 * has its own close, fstat, mmap and so on. The library calls these, too. */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <stddef.h>

/* The number of mappings that mmap has made and munmap has not yet removed. */
size_t mappings_live(void);

#endif
