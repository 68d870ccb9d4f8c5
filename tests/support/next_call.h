/* A test's stand-in calls the function of the same name in the C library. It does not
 * make the system call, whose arguments differ from processor to processor. */
#ifndef NEXT_CALL_H
#define NEXT_CALL_H

#include <stddef.h>

typedef void any_function(void);

/* The C library's function that STAND_IN replaces. It is looked up by the name that the
 * assembler sees, so "lseek" finds lseek64 if the headers rename it. */
any_function *next_call(any_function *stand_in);

/* A file lists the calls that it makes by NEXT:
 *
 *     #define CALLS(DO) DO(close) DO(lseek)
 *     CALLS(DECLARE_NEXT)
 *
 * and looks them up when the program starts. Later dlsym might wait for ever in a child,
 * as it takes locks of the loader, which another thread may hold at the fork. A library
 * starts even before the program. */
#define DECLARE_NEXT(function) static __typeof__(&(function)) next_##function;
#define FIND_NEXT(function) next_##function = NEXT_CALL(function);
#define NEXT_CALL(function) \
    ((__typeof__(&(function))) next_call((any_function *) (function)))
#define NEXT(function) (next_##function != NULL ? next_##function : NEXT_CALL(function))

#endif
