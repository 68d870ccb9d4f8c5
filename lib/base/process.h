/* Which process this is, and whether it is ending.
 *
 * Why? A child has a copy of its parent's memory. But it must not remove its parent's
 * files, and the threads that its parent's locks wait for do not exist in it. So the
 * library must know a child from its parent. getpid does not tell: a child in a new PID
 * namespace may have its parent's number. Handlers of pthread_atfork do not tell either:
 * _Fork and clone do not run them. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A process number is below this, and never 0. */
#define PROCESS_NUMBERS (1u << 31)

/* A page that begins with the number of this process, or with 0 if it has none yet. The
 * kernel wipes the page in every child. NULL before the first use. */
extern _Atomic(atomic_uint *) process_page;

unsigned process_find_number(void);

/* Returns a number that no ancestor of this process has. Code that has stored the number
 * and gets another one later runs in a child of the process that stored it. Keeps errno.
 * Async-signal-safe, except for the very first call. */
static inline unsigned process_number(void)
{
    atomic_uint *page = atomic_load_explicit(&process_page, memory_order_acquire);
    unsigned number = page != NULL ? atomic_load_explicit(page, memory_order_relaxed) : 0;
    return number != 0 ? number : process_find_number();
}

extern atomic_bool process_ending;

/* Whether the end of this process has begun: the handlers that the program gave to atexit
 * have run, and only destructors and stdio's own flush of open streams follow. A child
 * inherits the answer of its parent. */
static inline bool process_is_ending(void)
{
    return atomic_load(&process_ending);
}

void process_begin_ending(void);

/* Returns 0, or -1 with ECANCELED if the end has begun. */
int process_check_end(void);

/* Whether the end has begun in a child of the process that had the number MAKER. */
static inline bool process_is_ending_child(unsigned maker)
{
    return process_is_ending() && maker != process_number();
}

#endif
