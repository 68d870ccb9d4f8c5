/* A text, and the calls that write it once. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { BLOCK_SIZE = 64 * 1024, LINE_SIZE = 32 };

struct text {
    const char *bytes;
    size_t size;
};

/* Lines of LINE_SIZE bytes, BLOCK_SIZE bytes in all; rows that fprintf makes; and the
 * demo's data as CSV, of size 0 if there is none. */
extern struct text text_lines, text_rows, text_csv;

/* Call this once, before anything else. DATA is the file with the demo's data. */
void text_prepare(const char *data);

/* Each of these functions writes the whole text in its own way. */
void write_characters(const struct text *text, FILE *file);
void write_lines(const struct text *text, FILE *file);
void write_rows(const struct text *text, FILE *file);
void write_csv(const struct text *text, FILE *file);
void write_block(const struct text *text, FILE *file);

/* These read SIZE bytes. BUFFER has room for one more. */
void read_characters(FILE *file, char *buffer, size_t size);
void read_lines(FILE *file, char *buffer, size_t size);
void read_block(FILE *file, char *buffer, size_t size);

/* Whether BYTES are SIZE bytes of TEXT, repeated, starting at its OFFSET. */
bool text_matches(const struct text *text, size_t offset, const char *bytes, size_t size);

#endif
