/* filter_spooled: a filter that reads its input twice, from a pipe of any length.
 *
 * usage: filter_spooled [KIBIBYTES] <text
 *
 * Prints the lines of the standard input, all as wide as the longest, aligned to the
 * right. That takes two passes, and a pipe can be read once: so the input goes to a
 * spooled stream, and the output to another. Both share KIBIBYTES of memory, 64 if not
 * given, and move to disk when they need more. The filter itself, align below, does not
 * know: to it they are FILE * like any other.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <filelike.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_KIBIBYTES = 64 };

/* ---- The filter: it knows FILE * only ------------------------------------------------
 */

/* The length of the line without its line end. */
static int line_width(const char *line, ssize_t length)
{
    if (length > 0 && line[length - 1] == '\n')
        length--;
    return length < INT_MAX ? (int) length : INT_MAX;
}

/* Copies the lines of IN to OUT, aligned to the right. 0, or -1 with errno. */
static int align(FILE *in, FILE *out)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int widest = 0;
    while ((length = getline(&line, &room, in)) != -1) {
        if (line_width(line, length) > widest)
            widest = line_width(line, length);
    }
    rewind(in);
    while ((length = getline(&line, &room, in)) != -1) {
        int width = line_width(line, length);
        if (fprintf(out, "%*s%.*s\n", widest - width, "", width, line) < 0)
            break;
    }
    int status = ferror(in) || ferror(out) ? -1 : fflush(out);
    free(line);
    return status;
}

/* ---- The program ---------------------------------------------------------------------
 */

__attribute__((noreturn)) static void fail(const char *what, const char *remedy)
{
    fprintf(stderr, "filter_spooled: %s: %s\n%s\n", what, strerror(errno), remedy);
    exit(EXIT_FAILURE);
}

static size_t parse_kibibytes(const char *text)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && text[0] != '-' &&
        value <= SIZE_MAX / 1024)
        return (size_t) value;
    fprintf(stderr,
        "filter_spooled: '%s' is no number of KiB\n"
        "usage: filter_spooled [KIBIBYTES] <text\n",
        text);
    exit(EXIT_FAILURE);
}

/* Copies all of IN to OUT. 0, or -1 with errno. */
static int copy(FILE *in, FILE *out)
{
    char block[16384];
    size_t size;
    while ((size = fread(block, 1, sizeof block, in)) > 0) {
        if (fwrite(block, 1, size, out) != size)
            return -1;
    }
    return ferror(in) ? -1 : fflush(out);
}

static FILE *open_spooled(filelike_budget *budget)
{
    struct filelike_options options = {.memory_limit = FILELIKE_NEVER, .budget = budget};
    FILE *stream = filelike_spooled("w+", &options);
    if (stream == NULL)
        fail("a spooled stream cannot be opened", "Free some memory.");
    return stream;
}

static void report(const char *name, FILE *stream)
{
    fprintf(stderr, "%s: %lld bytes %s\n", name, (long long) filelike_size(stream),
        filelike_in_memory(stream) == 1 ? "in memory" : "on disk");
}

int main(int count, char **arguments)
{
    static const char remedy[] =
        "Make room on the disk, or name a directory with more of it in TMPDIR.";
    size_t kibibytes = count > 1 ? parse_kibibytes(arguments[1]) : DEFAULT_KIBIBYTES;
    filelike_budget *budget = filelike_budget_new(kibibytes * 1024);
    if (budget == NULL)
        fail("no budget", "Free some memory.");
    FILE *in = open_spooled(budget);
    FILE *out = open_spooled(budget);
    if (copy(stdin, in) != 0)
        fail("the standard input is not read", remedy);
    rewind(in);
    if (align(in, out) != 0)
        fail("the lines are not aligned", remedy);
    report("input", in);
    report("output", out);
    rewind(out);
    /* The output starts only now. If anything failed, nothing has been printed. */
    if (copy(out, stdout) != 0)
        fail("the output is not written", "See to what reads it.");
    (void) fclose(in);
    (void) fclose(out);
    filelike_budget_free(budget);
    return EXIT_SUCCESS;
}
