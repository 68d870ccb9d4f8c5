#include <config.h>

#include "demo.h"

#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBCSV

#include <csv.h>

/* The table's text, in which a '\0' ends each field, and where each of them starts. */
struct field {
    char *text;
    size_t size;
    bool last; /* in its line */
};

static struct field *fields;
static size_t field_count;

static void add_field(char *text, size_t size, bool last)
{
    fields = realloc(fields, (field_count + 1) * sizeof *fields);
    char *copy = strndup(text, size);
    if (fields == NULL || copy == NULL)
        fail("no memory for the demo's data");
    fields[field_count++] = (struct field){copy, size, last};
}

static void add_line(char *line)
{
    bool last;
    do {
        size_t size = strcspn(line, "\t\n");
        last = line[size] != '\t';
        add_field(line, size, last);
        line += size + 1;
    } while (!last);
}

static void read_table(FILE *table)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, table) != -1) {
        if (line[0] != '#')
            add_line(line);
    }
    free(line);
}

int demo_write(FILE *file)
{
    for (size_t i = 0; i < field_count; i++) {
        if (csv_fwrite(file, fields[i].text, fields[i].size) != 0 ||
            fputc(fields[i].last ? '\n' : ',', file) == EOF)
            return -1;
    }
    return 0;
}

static struct text as_csv(void)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&bytes, &size);
    if (file == NULL || demo_write(file) != 0 || fclose(file) != 0)
        fail("cannot write the demo's data");
    return (struct text){bytes, size};
}

struct text demo_prepare(const char *path)
{
    FILE *table = fopen(path, "re");
    if (table == NULL) {
        (void) fprintf(stderr,
            "bench: no row csv, as %s cannot be read: %s; "
            "name another with --data\n",
            path, strerror(errno));
        return (struct text){NULL, 0};
    }
    read_table(table);
    (void) fclose(table);
    return as_csv();
}

#else

struct text demo_prepare(const char *path)
{
    (void) path;
    (void) fputs("bench: no row csv, as libcsv was not there to build with\n", stderr);
    return (struct text){NULL, 0};
}

int demo_write(FILE *file)
{
    (void) file;
    errno = ENOTSUP;
    return -1;
}

#endif
