/* What the rounds say: a table to read, and the same as CSV for a program. */
#ifndef REPORT_H
#define REPORT_H

#include "harness.h"

/* Prints the table's heading. CSV is a stream for the figures, or NULL. */
void report_begin(FILE *csv);

/* Prints one row of it, compared with its peers and targets. */
void report_row(const struct row *row, const struct costs *costs);

/* Says how many targets were met. */
void report_end(void);

#endif
