/* A fork in the middle of a call of the library's, as another thread or a handler of a
 * signal may fork there. Needs no test framework. */
#ifndef FORK_WITHIN_H
#define FORK_WITHIN_H

#include "faults.h"

#include <stdbool.h>

/* Lets the process fork when the library next makes CALL. The call itself is then made,
 * or fails, as if nothing had happened. The parent waits there until the child has ended,
 * and the child goes on with what it finds. */
void fork_within(enum fault_call call);

/* Tells whether this process is that child. */
bool is_forked_within(void);

/* The status of the child, as waitpid has told it; or -1 if there was none. */
int status_of_forked(void);

#endif
