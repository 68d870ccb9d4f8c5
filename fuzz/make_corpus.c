/* Writes the fuzzer's corpus to a directory. For each call there is a sequence that makes
 * it often, mixed with others. Run this again when the table of calls changes. */
#include <config.h>

#include "sequence.h"
#include "step.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 40 };

static uint8_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t) (*state >> 24);
}

static void write_input(const char *path, const uint8_t *input, size_t size)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(input, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

/* Turns the name of the call into a file name. */
static void make_path(char *path, size_t room, const char *directory, const char *name)
{
    size_t start = (size_t) snprintf(path, room, "%s/%s", directory, name) - strlen(name);
    for (char *letter = path + start; *letter != '\0'; letter++)
        if (!isalnum((unsigned char) *letter))
            *letter = '_';
}

static void make_input(const char *directory, size_t operation)
{
    uint8_t input[SEQUENCE_HEADER + STEPS * STEP_BYTES];
    uint32_t state = (uint32_t) operation;
    char path[4096];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = draw(&state);
    /* All modes in turn, but those that both read and write more often. */
    input[SEQUENCE_MODE] = (uint8_t) (operation % 3 == 0 ? operation / 3 : operation | 1);
    for (size_t i = SEQUENCE_HEADER; i < sizeof input; i += 3 * STEP_BYTES)
        input[i + STEP_OPERATION] = step_operation_byte((enum operation_name) operation);
    make_path(path, sizeof path, directory, operations[operation].name);
    write_input(path, input, sizeof input);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void) fprintf(stderr, "usage: make_corpus DIRECTORY\n");
        return 2;
    }
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        make_input(argv[1], i);
    return EXIT_SUCCESS;
}
