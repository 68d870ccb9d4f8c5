/* How a figure comes about: in rounds, in which each kind has its turn, and each turn in
 * a process of its own, so that no kind inherits another's heap or threads. */
#ifndef HARNESS_H
#define HARNESS_H

#include "row.h"

enum { MOST_ROUNDS = 99 };

/* The cost of the kinds in one row: in seconds per byte or operation, or in bytes. */
struct costs {
    size_t rounds;
    double elapsed;      /* seconds, in all of them */
    double foreign_time; /* of processors, in seconds, that others used meanwhile */
    double of[KINDS][MOST_ROUNDS];
};

/* Measures ROW in so many rounds more; at first COSTS is {0}. */
void harness_run(const struct row *row, size_t rounds, struct costs *costs);

/* The middle of COUNT values; half the distance of their quartiles; and how far the true
 * middle may be from this one: the notch of a box plot (McGill, Tukey, Larsen: Variations
 * of box plots, 1978). The last two are parts of the middle. */
struct summary {
    double middle;
    double spread;
    double doubt;
};

struct summary summarize(const double *values, size_t count);

/* ---- For the functions that measure --------------------------------------------------
 */

/* Says what failed, on which row and kind, and ends the process. */
_Noreturn void fail(const char *what);

/* The same where bytes were found that nobody wrote: a figure of wrong work is none. */
_Noreturn void fail_with_other_bytes(void);

/* Seconds. */
double now(void);

/* Makes the compiler believe that somebody looks at MEMORY. */
static inline void use_memory(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

#endif
