/* A test's stand-in calls the function of the same name in the C library. It does not
 * make the system call, whose arguments differ from processor to processor. */
#ifndef NEXT_CALL_H
#define NEXT_CALL_H

#include <stddef.h>

typedef void any_function(void);

/* The function that STAND_IN stands before. The name is that of the assembler, so that
 * "lseek" finds lseek64 where the headers call it so. */
any_function *next_call(any_function *stand_in);

/* A file lists the calls that it makes by NEXT:
 *
 *     #define CALLS(DO) DO(close) DO(lseek)
 *     CALLS(DECLARE_NEXT)
 *
 * and finds them when the program starts, as dlsym waits for locks of the loader, which a
 * fork of another thread may hold for ever. A library's start comes even before that. */
#define DECLARE_NEXT(function) static __typeof__(&(function)) next_##function;
#define FIND_NEXT(function) next_##function = NEXT_CALL(function);
#define NEXT_CALL(function) \
    ((__typeof__(&(function))) next_call((any_function *) (function)))
#define NEXT(function) (next_##function != NULL ? next_##function : NEXT_CALL(function))

#endif
