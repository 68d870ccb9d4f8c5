/* The memory that this process has in use, as the kernel counts it. Needs no test
 * framework. */
#ifndef RESIDENT_H
#define RESIDENT_H

#include <stdint.h>

/* NULL, or the reason why the numbers below would mean nothing. */
const char *resident_unknown(void);

/* Bytes now, and their peak since resident_forget_peak or the start of the process. */
int64_t resident_bytes(void);
int64_t resident_peak(void);
void resident_forget_peak(void);

/* Bytes of address space now, which RLIMIT_AS limits. */
int64_t resident_mapped(void);

/* Bytes of it that are private and writable, which RLIMIT_DATA limits. */
int64_t resident_data(void);

#endif
