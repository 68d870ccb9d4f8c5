/* Measures in rounds. Each kind has one turn in each round, and each turn has a process
 * of its own. So no kind inherits the heap or the threads of another. */
#ifndef HARNESS_H
#define HARNESS_H

#include "row.h"

enum { MOST_ROUNDS = 99 };

/* The cost of the kinds in one row: in seconds per byte or operation, or in bytes. */
struct costs {
    size_t rounds;
    double elapsed;      /* seconds of all rounds */
    double foreign_time; /* seconds of processors that other processes used meanwhile */
    double of[KINDS][MOST_ROUNDS];
};

/* Measures ROW for this many more rounds. COSTS must be {0} before the first call. */
void harness_run(const struct row *row, size_t rounds, struct costs *costs);

/* The median of COUNT values, half the distance of their quartiles, and the doubt about
 * the median: the notch of a box plot (McGill, Tukey, Larsen: Variations of box plots,
 * 1978). The last two are fractions of the median. */
struct summary {
    double middle;
    double spread;
    double doubt;
};

struct summary summarize(const double *values, size_t count);

/* ---- For the functions that measure --------------------------------------------------
 */

/* Prints what failed, with the row and the kind, and ends the process. */
_Noreturn void fail(const char *what);

/* The same for bytes that nobody wrote: wrong work gives no figure. */
_Noreturn void fail_with_other_bytes(void);

/* Seconds. */
double now(void);

/* Keeps the compiler from removing the work on MEMORY. */
static inline void use_memory(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

#endif
