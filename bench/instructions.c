/* instructions: fixed amounts of work, for callgrind to count.
 *
 * usage: instructions WORK      does it
 *        instructions --list    names all works
 *
 * bench/instructions.sh counts what each takes in the library's own object. */
#include <config.h>

#include "filelike.h"

#include <stdlib.h>
#include <string.h>

#define LINE "AT,+4813+01620,Europe/Vienna\n"

enum { STREAMS = 1000, CHARACTERS = 1 << 20, LINES = 1 << 15, ACCESSES = 10000 };
enum { MIB = 1 << 20, PIECE = 64 }; /* bytes */

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static FILE *open_memory(void)
{
    FILE *stream = filelike_memory("w+", NULL);
    if (stream == NULL)
        fail("filelike_memory");
    return stream;
}

static void close_stream(FILE *stream)
{
    if (fclose(stream) != 0)
        fail("fclose");
}

/* The same positions in every run. */
static long next_position(unsigned *state)
{
    enum { MULTIPLIER = 1103515245, INCREMENT = 12345, SHIFT = 8 };
    *state = *state * MULTIPLIER + INCREMENT;
    return (long) (*state >> SHIFT) % (MIB - PIECE);
}

static FILE *open_filled(void)
{
    static char bytes[MIB];
    FILE *stream = open_memory();
    if (fwrite(bytes, 1, sizeof bytes, stream) != sizeof bytes || fflush(stream) != 0)
        fail("fwrite");
    return stream;
}

/* ---- Works ---------------------------------------------------------------------------
 */

static void work_open(void)
{
    for (int i = 0; i < STREAMS; i++) {
        FILE *stream = open_memory();
        (void) fputs(LINE, stream);
        close_stream(stream);
    }
}

static void work_putc(void)
{
    FILE *stream = open_memory();
    for (int i = 0; i < CHARACTERS; i++)
        (void) putc('x', stream);
    close_stream(stream);
}

static void work_fputs(void)
{
    FILE *stream = open_memory();
    for (int i = 0; i < LINES; i++)
        (void) fputs(LINE, stream);
    close_stream(stream);
}

static void work_read(void)
{
    char piece[PIECE];
    unsigned state = 1;
    FILE *stream = open_filled();
    for (int i = 0; i < ACCESSES; i++) {
        if (fseek(stream, next_position(&state), SEEK_SET) != 0 ||
            fread(piece, 1, PIECE, stream) != PIECE)
            fail("fread");
    }
    close_stream(stream);
}

static void work_write(void)
{
    static const char piece[PIECE];
    unsigned state = 1;
    FILE *stream = open_filled();
    for (int i = 0; i < ACCESSES; i++) {
        if (fseek(stream, next_position(&state), SEEK_SET) != 0 ||
            fwrite(piece, 1, PIECE, stream) != PIECE)
            fail("fwrite");
    }
    close_stream(stream);
}

static const struct {
    const char *name;
    void (*run)(void);
} works[] = {
    {"open-close", work_open},
    {"putc", work_putc},
    {"fputs", work_fputs},
    {"seek-read", work_read},
    {"random-write", work_write},
};

int main(int count, char **arguments)
{
    if (count != 2) {
        (void) fputs("usage: instructions WORK | --list\n", stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        if (strcmp(arguments[1], "--list") == 0) {
            puts(works[i].name);
        } else if (strcmp(arguments[1], works[i].name) == 0) {
            works[i].run();
            return EXIT_SUCCESS;
        }
    }
    return strcmp(arguments[1], "--list") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
