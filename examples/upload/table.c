#include "table.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SIZE = 16 * 1024,   /* bytes read at a time */
    FIELD_STEP = 4096,        /* bytes by which libcsv's buffer for a field grows */
    FIELD_LIMIT = 1024 * 1024 /* bytes of a field: libcsv holds one in memory */
};

struct reader {
    struct csv_parser parser;
    struct table *table;
    uint64_t line;     /* the line that is being read */
    uint64_t row_line; /* the line where the present row begins */
    uint64_t fields;   /* fields of that row so far */
};

/* ---- What libcsv tells ---------------------------------------------------------------
 */

static void end_field(void *field, size_t size, void *context)
{
    struct reader *reader = context;
    (void) field;
    (void) size;
    reader->fields++;
}

/* Only the first fault is reported. */
static void report(struct table *table, uint64_t line, const char *problem)
{
    if (table->line != 0)
        return;
    table->line = line;
    table->problem = problem;
}

static void end_row(int terminator, void *context)
{
    struct reader *reader = context;
    struct table *table = reader->table;
    (void) terminator;
    if (table->rows == 0)
        table->columns = reader->fields;
    else if (reader->fields != table->columns)
        report(
            table, reader->row_line, "a row with more or fewer columns than the first");
    table->rows++;
    reader->fields = 0;
}

/* Without a limit, libcsv would hold a file of one long field in memory. */
static void *grow_field(void *field, size_t size)
{
    return size <= FIELD_LIMIT ? realloc(field, size) : NULL;
}

/* ---- Reading -------------------------------------------------------------------------
 */

static int give_up(struct reader *reader)
{
    bool full = csv_get_buffer_size(&reader->parser) >= FIELD_LIMIT;
    if (csv_error(&reader->parser) == CSV_EPARSE)
        report(reader->table, reader->line, "a quote in a place where none may be");
    else if (full)
        report(reader->table, reader->row_line, "a field of more than 1 MiB");
    else
        errno = ENOMEM;
    return -1;
}

/* TEXT is a line, or the part of one at the end of a block. */
static int parse(struct reader *reader, const char *text, size_t size)
{
    if (csv_parse(&reader->parser, text, size, end_field, end_row, reader) != size)
        return give_up(reader);
    if (reader->table->line != 0)
        return -1;
    if (text[size - 1] != '\n')
        return 0;
    reader->line++;
    if (!reader->parser.quoted)
        reader->row_line = reader->line;
    return 0;
}

/* The lines are counted here, because libcsv does not count them. */
static int parse_block(struct reader *reader, const char *block, size_t size)
{
    for (size_t start = 0; start < size;) {
        const char *text = block + start;
        const char *end = memchr(text, '\n', size - start);
        size_t length = end == NULL ? size - start : (size_t) (end - text) + 1;
        if (parse(reader, text, length) != 0)
            return -1;
        start += length;
    }
    return 0;
}

/* The last row may lack its line end, but not a closing quote. */
static int finish(struct reader *reader)
{
    if (csv_fini(&reader->parser, end_field, end_row, reader) != 0)
        report(reader->table, reader->row_line, "a quote that is never closed");
    return reader->table->line == 0 ? 0 : -1;
}

static int read_all(struct reader *reader, FILE *stream)
{
    char block[BLOCK_SIZE];
    size_t size;
    while ((size = fread(block, 1, sizeof block, stream)) > 0) {
        if (parse_block(reader, block, size) != 0)
            return -1;
    }
    return ferror(stream) ? -1 : finish(reader);
}

int table_read(FILE *stream, struct table *table)
{
    struct reader reader = {.table = table, .line = 1, .row_line = 1};
    *table = (struct table){0};
    (void) csv_init(&reader.parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_blk_size(&reader.parser, FIELD_STEP);
    csv_set_realloc_func(&reader.parser, grow_field);
    int status = read_all(&reader, stream);
    int saved = errno;
    csv_free(&reader.parser);
    errno = saved;
    return status;
}
