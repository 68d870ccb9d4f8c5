/* The rows and columns of a CSV file, counted by a parser that knows only FILE *. */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>
#include <stdio.h>

struct table {
    uint64_t rows;
    uint64_t columns;    /* columns of the first row, and so of every row */
    uint64_t line;       /* the line of a fault, from 1; 0: none */
    const char *problem; /* the fault in that line */
};

/* Reads STREAM from its position to end-of-file. 0, or -1: then the file is malformed if
 * table->line is not 0; otherwise errno tells why it could not be read. */
int table_read(FILE *stream, struct table *table);

#endif
