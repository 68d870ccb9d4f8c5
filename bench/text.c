#include <config.h>

#include "text.h"

#include "demo.h"
#include "harness.h"

#include <string.h>

enum { LINES = BLOCK_SIZE / LINE_SIZE, ROWS = 2048, LONGEST_ROW = 64 };

struct text text_lines, text_rows, text_csv;

/* The same lines as strings. */
static char line_strings[LINES][LINE_SIZE + 1];

/* ---- Preparation ---------------------------------------------------------------------
 */

static void prepare_lines(void)
{
    static char block[BLOCK_SIZE];
    for (size_t i = 0; i < LINES; i++) {
        (void) snprintf(line_strings[i], sizeof line_strings[i],
            "%04zu: the line with this number\n", i);
        memcpy(block + i * LINE_SIZE, line_strings[i], LINE_SIZE);
    }
    text_lines = (struct text){block, sizeof block};
}

#define ROW_FORMAT "%zu,%s,%u,Europe/Vienna\n"

static const char *row_name(size_t i)
{
    static const char *const names[] = {"alpha", "beta", "gamma and delta", "epsilon"};
    return names[i % (sizeof names / sizeof *names)];
}

static unsigned row_number(size_t i)
{
    return (unsigned) i * 2654435761u;
}

static void prepare_rows(void)
{
    static char block[ROWS * LONGEST_ROW];
    size_t size = 0;
    for (size_t i = 0; i < ROWS; i++)
        size += (size_t) snprintf(
            block + size, LONGEST_ROW, ROW_FORMAT, i, row_name(i), row_number(i));
    text_rows = (struct text){block, size};
}

void text_prepare(const char *data)
{
    prepare_lines();
    prepare_rows();
    text_csv = demo_prepare(data);
}

/* ---- Writing -------------------------------------------------------------------------
 */

void write_characters(const struct text *text, FILE *file)
{
    for (size_t i = 0; i < text->size; i++) {
        if (putc(text->bytes[i], file) == EOF)
            fail("putc");
    }
}

void write_lines(const struct text *text, FILE *file)
{
    (void) text;
    for (size_t i = 0; i < LINES; i++) {
        if (fputs(line_strings[i], file) == EOF)
            fail("fputs");
    }
}

void write_rows(const struct text *text, FILE *file)
{
    (void) text;
    for (size_t i = 0; i < ROWS; i++) {
        if (fprintf(file, ROW_FORMAT, i, row_name(i), row_number(i)) < 0)
            fail("fprintf");
    }
}

void write_csv(const struct text *text, FILE *file)
{
    (void) text;
    if (demo_write(file) != 0)
        fail("csv_fwrite");
}

void write_block(const struct text *text, FILE *file)
{
    if (fwrite(text->bytes, 1, text->size, file) != text->size)
        fail("fwrite");
}

/* ---- Reading -------------------------------------------------------------------------
 */

void read_characters(FILE *file, char *buffer, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int character = getc(file);
        if (character == EOF)
            fail("getc");
        buffer[i] = (char) character;
    }
}

void read_lines(FILE *file, char *buffer, size_t size)
{
    for (size_t i = 0; i < size; i += LINE_SIZE) {
        if (fgets(buffer + i, LINE_SIZE + 1, file) == NULL)
            fail("fgets");
    }
}

void read_block(FILE *file, char *buffer, size_t size)
{
    if (fread(buffer, 1, size, file) != size)
        fail("fread");
}

bool text_matches(const struct text *text, size_t offset, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t start = (offset + done) % text->size;
        size_t left = size - done;
        size_t part = text->size - start < left ? text->size - start : left;
        if (memcmp(bytes + done, text->bytes + start, part) != 0)
            return false;
        done += part;
    }
    return true;
}
