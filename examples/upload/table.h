/* The shape of a CSV file, found by a parser that knows only FILE *. */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>
#include <stdio.h>

struct table {
    uint64_t rows;
    uint64_t columns;    /* of the first row, and so of every row */
    uint64_t line;       /* where the file is malformed, from 1; 0: nowhere */
    const char *problem; /* what is wrong there */
};

/* Reads STREAM from its position to its end. 0, or -1: then the file is malformed where
 * table->line is not 0, and else errno tells why it could not be read. */
int table_read(FILE *stream, struct table *table);

#endif
