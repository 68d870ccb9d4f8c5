/* Which process this is.
 *
 * Why? A child has all that its parent's memory held, but may not remove its parent's
 * files, and the threads that its parent's locks wait for do not exist there. getpid does
 * not tell it apart: in a new PID namespace it may have its parent's number. Handlers of
 * pthread_atfork do not either: _Fork and clone run none. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Numbers are below this, and never 0. */
#define PROCESS_NUMBERS (1u << 31)

/* It begins with the number of this process, or 0 while that has none; the kernel wipes
 * it in every child. NULL before it is first needed. */
extern _Atomic(atomic_uint *) process_page;

unsigned process_find_number(void);

/* A number that no ancestor of this process has. Who notes it down and finds another one
 * later is in a child of the process that noted it. errno stays as it is.
 * Async-signal-safe, but for the first call of all. */
static inline unsigned process_number(void)
{
    atomic_uint *page = atomic_load_explicit(&process_page, memory_order_acquire);
    unsigned number = page != NULL ? atomic_load_explicit(page, memory_order_relaxed) : 0;
    return number != 0 ? number : process_find_number();
}

/* Whether the end of this process has begun, or had in the parent that forked then: the
 * handlers that the program gave to atexit have run, and what is left are destructors and
 * stdio, which writes out open streams. */
bool process_is_ending(void);
void process_begin_ending(void);

/* 0, or -1 with ECANCELED once it has. */
int process_check_end(void);

/* The same, in a child of the process that had the number MAKER, of what that made. */
static inline bool process_is_ending_child(unsigned maker)
{
    return process_is_ending() && maker != process_number();
}

#endif
