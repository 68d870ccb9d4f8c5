/* The demo's data: a table with tabs between its fields, written as CSV with libcsv. */
#ifndef DEMO_H
#define DEMO_H

#include "text.h"

/* Reads the table in the file PATH and returns it as CSV. The size is 0 if the file or
 * libcsv is missing; a message has told which. */
struct text demo_prepare(const char *path);

/* Writes the whole CSV one character at a time, as libcsv does. 0, or -1. */
int demo_write(FILE *file);

#endif
