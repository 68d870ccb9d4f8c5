/* The results of the rounds: a table to read, and the same as CSV for a program. */
#ifndef REPORT_H
#define REPORT_H

#include "harness.h"

/* Prints the table's heading. CSV is a stream for the figures, or NULL. */
void report_begin(FILE *csv);

/* Whether more rounds would hardly change the verdicts on the row's targets. */
bool report_is_certain(const struct row *row, const struct costs *costs);

/* Prints one row of the table, compared with its peers and targets. */
void report_row(const struct row *row, const struct costs *costs);

/* Prints how many targets were met. */
void report_end(void);

#endif
