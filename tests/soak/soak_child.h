/* Forked children that use what they inherit of a soak, in the middle of whatever its
 * threads were doing. */
#ifndef SOAK_CHILD_H
#define SOAK_CHILD_H

#include "soak_job.h"

enum { CHILD_WORKERS = 6 }; /* threads whose streams children see */

/* Sets the job of the thread WORKER. NULL: it has none that a child could use. */
void child_sees(unsigned worker, struct job *job);

/* Forks in the thread WORKER, between two steps, and waits for the child. */
void child_fork(unsigned worker, filelike_budget *budget);

#endif
