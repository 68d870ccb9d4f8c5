/* Which process this is.
 *
 * Why? A child has all that its parent's memory held, but may not remove its parent's
 * files, and the threads that its parent's locks wait for do not exist there. getpid does
 * not tell it apart: in a new PID namespace it may have its parent's number. Handlers of
 * pthread_atfork do not either: _Fork and clone run none. */
#ifndef PROCESS_H
#define PROCESS_H

/* Numbers are below this, and never 0. */
#define PROCESS_NUMBERS (1u << 31)

/* A number that no ancestor of this process has. Who notes it down and finds another one
 * later is in a child of the process that noted it. errno stays as it is.
 * Async-signal-safe, but for the first call of all. */
unsigned process_number(void);

#endif
