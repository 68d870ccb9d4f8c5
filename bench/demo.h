/* The demo's data: a table with tabs between its fields, written as CSV with libcsv. */
#ifndef DEMO_H
#define DEMO_H

#include "text.h"

/* Reads the table in the file PATH and returns it as CSV; of size 0, having said why,
 * where the file or libcsv is not there. */
struct text demo_prepare(const char *path);

/* Writes all of it, a character at a time, as libcsv does. 0, or -1. */
int demo_write(FILE *file);

#endif
