/* csv_demo: CSV through libcsv, written to memory and read back, with no file anywhere.
 *
 * usage: csv_demo [FILE [DELIMITER]]
 *
 * Reads the table in FILE, by default that of the system's time zones, and writes it as
 * CSV to a stream in memory. libcsv's csv_fwrite does not know: to it the stream is a
 * FILE * like any other. The stream is rewound and parsed again with libcsv, and the
 * bytes are taken without a copy.
 *
 * Every row has as many columns as the first one. Lines that start with '#' are comments;
 * one right before the first row that names the columns ("#codes<tab>coordinates...") is
 * the heading, and rows may leave its last column out, as they do in zone1970.tab.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <csv.h>
#include <errno.h>
#include <filelike.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_SHOWN 5
#define BLOCK_BYTES 4096

#ifndef SHIPPED_TABLE
#define SHIPPED_TABLE "data/zone1970.tab"
#endif

struct table {
    const char *path;
    char delimiter;
    size_t line;     /* being read */
    size_t row_line; /* where the row being read starts */
    bool in_row;     /* inside a row, because a quoted field goes on */
    size_t columns;  /* 0: not known yet */
    size_t
        columns_line; /* the line that set their number: the heading or the first row */
    bool has_heading;
    size_t fields; /* of this row */
    size_t rows;
    size_t comments;
    FILE *csv;
};

struct parsed {
    size_t fields; /* of this row */
    size_t rows;
    size_t columns; /* of the widest row */
};

/* Prints the fault of the table, in line LINE unless that is 0, and the remedy. */
__attribute__((noreturn, format(printf, 4, 5))) static void fail(
    const struct table *table, size_t line, const char *remedy, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "csv_demo: %s:", table->path);
    if (line > 0)
        fprintf(stderr, "%zu:", line);
    fputc(' ', stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n%s\n", remedy);
    exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static void fail_usage(const char *reason)
{
    fprintf(stderr,
        "csv_demo: %s\n"
        "usage: csv_demo [FILE [DELIMITER]]\n"
        "DELIMITER is one character, ';' say. The default is a comma for a FILE whose\n"
        "name ends in .csv and a tab for any other.\n",
        reason);
    exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static void fail_memory(const char *action)
{
    fprintf(stderr,
        "csv_demo: cannot %s the stream in memory: %s\n"
        "Free some memory, or try a smaller table.\n",
        action, strerror(errno));
    exit(EXIT_FAILURE);
}

/* ---- From the table to CSV -----------------------------------------------------------
 */

static void write_field(void *field, size_t size, void *data)
{
    struct table *table = data;
    if (table->fields++ > 0)
        putc(',', table->csv);
    csv_fwrite(table->csv, field, size);
}

static void check_columns(const struct table *table)
{
    size_t optional = table->has_heading ? 1 : 0;
    if (table->fields > table->columns || table->fields + optional < table->columns)
        fail(table, table->row_line,
            "Mend the row (an empty column still needs its delimiter), or name the "
            "delimiter\nthat the table uses: csv_demo FILE DELIMITER",
            "%zu column%s where line %zu has %zu", table->fields,
            table->fields == 1 ? "" : "s", table->columns_line, table->columns);
}

static void write_row_end(int terminator, void *data)
{
    struct table *table = data;
    (void) terminator;
    table->in_row = false;
    if (table->fields == 0) /* an empty line, or the second half of CR LF */
        return;
    if (table->columns == 0) {
        table->columns = table->fields;
        table->columns_line = table->row_line;
    }
    check_columns(table);
    if (table->fields < table->columns) {
        char empty[] = "";
        write_field(empty, 0, table);
    }
    putc('\n', table->csv);
    table->fields = 0;
    table->rows++;
}

/* The number of columns that a comment names. Several delimiters in a row align the
 * names, so they count once. */
static size_t columns_named(const char *comment, char delimiter)
{
    size_t columns = 1;
    for (const char *at = comment; *at != '\0'; at++)
        columns += at[0] == delimiter && at[1] != delimiter;
    return columns;
}

static void note_comment(struct table *table, const char *line)
{
    table->comments++;
    if (table->rows > 0)
        return;
    size_t columns = columns_named(line, table->delimiter);
    table->has_heading = columns > 1 && line[1] != ' ';
    table->columns = table->has_heading ? columns : 0;
    table->columns_line = table->line;
}

__attribute__((noreturn)) static void fail_parse(
    const struct table *table, struct csv_parser *parser)
{
    if (csv_error(parser) != CSV_EPARSE)
        fail(table, table->line, "Free some memory, or try a smaller table.", "%s",
            csv_strerror(csv_error(parser)));
    fail(table, table->line,
        "Put the whole column in quotation marks, and double those within it.",
        "a quotation mark in the middle of a column");
}

static void take_line(
    struct table *table, struct csv_parser *parser, const char *line, size_t length)
{
    table->line++;
    if (memchr(line, '\0', length) != NULL)
        fail(table, table->line,
            "Tables are text: convert it to UTF-8 first, with iconv say.",
            "a NUL byte in the line");
    if (!table->in_row) {
        if (line[0] == '#') {
            note_comment(table, line);
            return;
        }
        table->row_line = table->line;
    }
    table->in_row = true;
    if (csv_parse(parser, line, length, write_field, write_row_end, table) != length)
        fail_parse(table, parser);
}

static void take_lines(struct table *table, struct csv_parser *parser, FILE *input)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, input)) >= 0)
        take_line(table, parser, line, (size_t) length);
    if (!feof(input))
        fail(table, 0, "Give the name of a file that can be read.", "cannot be read: %s",
            strerror(errno));
    free(line);
}

/* Reads the table and writes it to table->csv. */
static void convert(struct table *table)
{
    FILE *input = fopen(table->path, "r");
    if (input == NULL)
        fail(table, 0, "Give the name of a file that can be read.",
            "cannot be opened: %s", strerror(errno));
    struct csv_parser parser;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    csv_set_delim(&parser, (unsigned char) table->delimiter);
    take_lines(table, &parser, input);
    if (csv_fini(&parser, write_field, write_row_end, table) != 0)
        fail(table, table->row_line, "Close it, or double it where it is meant as it is.",
            "a quotation mark is opened in this row and never closed");
    csv_free(&parser);
    fclose(input);
    if (table->rows == 0)
        fail(table, 0, "Give a table with one row a line.", "has no rows");
    if (fflush(table->csv) != 0 || filelike_error(table->csv) != 0)
        fail_memory("write");
}

/* ---- From CSV to the screen ----------------------------------------------------------
 */

static void show_field(void *field, size_t size, void *data)
{
    struct parsed *parsed = data;
    if (parsed->rows < ROWS_SHOWN) {
        fputs(parsed->fields == 0 ? "  " : " | ", stdout);
        fwrite(field, 1, size, stdout);
    }
    parsed->fields++;
}

static void show_row_end(int terminator, void *data)
{
    struct parsed *parsed = data;
    (void) terminator;
    if (parsed->rows < ROWS_SHOWN)
        putchar('\n');
    if (parsed->columns < parsed->fields)
        parsed->columns = parsed->fields;
    parsed->fields = 0;
    parsed->rows++;
}

/* Parses the CSV in the stream, from its position to its end, and shows the first rows.
 */
static struct parsed parse_back(FILE *csv)
{
    struct parsed parsed = {0};
    struct csv_parser parser;
    char block[BLOCK_BYTES];
    size_t size;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
    while ((size = fread(block, 1, sizeof block, csv)) > 0)
        if (csv_parse(&parser, block, size, show_field, show_row_end, &parsed) != size)
            break;
    csv_fini(&parser, show_field, show_row_end, &parsed);
    csv_free(&parser);
    if (ferror(csv))
        fail_memory("read");
    return parsed;
}

static void show_bytes(FILE *csv, const struct parsed *parsed)
{
    size_t size;
    const char *bytes = filelike_view(csv, &size);
    if (bytes == NULL)
        fail_memory("view");
    printf("rows: %zu, columns: %zu, bytes of CSV in memory: %zu\n", parsed->rows,
        parsed->columns, size);
    printf("the bytes start with: %.*s\n", (int) strcspn(bytes, "\n"), bytes);
}

/* ---- What to read --------------------------------------------------------------------
 */

/* The system's table in TZDIR or the usual directory, or else the shipped copy. */
static const char *default_table(void)
{
    static char path[PATH_MAX];
    const char *directory = getenv("TZDIR");
    if (directory == NULL)
        directory = "/usr/share/zoneinfo";
    int length = snprintf(path, sizeof path, "%s/zone1970.tab", directory);
    FILE *file = length < (int) sizeof path ? fopen(path, "r") : NULL;
    if (file == NULL)
        return SHIPPED_TABLE;
    fclose(file);
    return path;
}

static char default_delimiter(const char *path)
{
    size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".csv") == 0 ? ',' : '\t';
}

static char delimiter_argument(const char *argument)
{
    if (argument[0] == '\0')
        fail_usage("the delimiter is empty");
    if (strcmp(argument, "\\t") == 0)
        return '\t';
    if (argument[1] != '\0')
        fail_usage("the delimiter is longer than one character");
    if (strchr("\"\r\n#", argument[0]) != NULL)
        fail_usage("the delimiter cannot be a quotation mark, a line end or '#'");
    return argument[0];
}

int main(int argc, char **argv)
{
    if (argc > 3)
        fail_usage("too many arguments");
    struct table table = {.path = argc > 1 ? argv[1] : default_table()};
    table.delimiter =
        argc > 2 ? delimiter_argument(argv[2]) : default_delimiter(table.path);
    table.csv = filelike_memory("w+", NULL);
    if (table.csv == NULL)
        fail_memory("open");
    convert(&table);
    printf("%s (less %zu comment lines), as CSV in memory and parsed again:\n",
        table.path, table.comments);
    rewind(table.csv);
    struct parsed parsed = parse_back(table.csv);
    if (parsed.rows > ROWS_SHOWN)
        printf("  (%zu more)\n", parsed.rows - ROWS_SHOWN);
    if (parsed.rows != table.rows || parsed.columns != table.columns)
        fail(&table, 0, "Please report this.", "did not come back as it was written");
    show_bytes(table.csv, &parsed);
    if (fclose(table.csv) != 0)
        fail_memory("close");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
