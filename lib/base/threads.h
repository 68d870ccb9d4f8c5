/* Whether other threads may run. */
#ifndef THREADS_H
#define THREADS_H

#include <stdbool.h>

#if defined __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HAVE_SINGLE_THREADED 1
#endif
#endif

/* True if the C library does not tell (musl, and glibc before 2.32). */
static inline bool threads_may_run(void)
{
#ifdef HAVE_SINGLE_THREADED
    return !__libc_single_threaded;
#else
    return true;
#endif
}

#endif
