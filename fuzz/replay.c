/* Runs inputs of the fuzzer without a fuzzer, each on every kind of stream. The inputs
 * are the named files, or the corpus. The corpus has to make every call of the table. */
#include <config.h>

#include "kinds.h"
#include "sequence.h"
#include "step.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint8_t input[SEQUENCE_HEADER + SEQUENCE_STEPS * STEP_BYTES];

static void fail(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

static size_t load(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail(path);
    size_t size = fread(input, 1, sizeof input, file);
    if (ferror(file) || fclose(file) != 0)
        fail(path);
    return size;
}

/* Whether a stream of this kind behaves as the real file does. */
static bool replay_on(const char *path, size_t size, size_t kind)
{
    input[SEQUENCE_KIND] = (uint8_t) kind;
    if (sequence_run(input, size, NULL) != VERDICT_DIFFERENT)
        return true;
    (void) fprintf(stderr, "%s: a stream differs from a real file:\n", path);
    (void) sequence_run(input, size, stderr);
    return false;
}

static bool replay(const char *path)
{
    size_t size = load(path);
    for (size_t kind = 0; kind < kind_count; kind++)
        if (!replay_on(path, size, kind))
            return false;
    return true;
}

static bool replay_all(char **paths, int count)
{
    bool same = true;
    for (int i = 0; i < count; i++)
        same = replay(paths[i]) && same;
    return same;
}

/* ---- The corpus ----------------------------------------------------------------------
 */

static char *join(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) == -1)
        fail(name);
    return path;
}

static bool replay_directory(const char *directory)
{
    struct dirent **entries;
    bool same = true;
    int count = scandir(directory, &entries, NULL, alphasort);
    if (count == -1)
        fail(directory);
    for (int i = 0; i < count; i++) {
        char *path = join(directory, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            same = replay(path) && same;
        free(path);
        free(entries[i]);
    }
    free(entries);
    return same;
}

static bool is_complete(void)
{
    bool complete = true;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        if (lockstep_calls_made((enum operation_name) i) > 0)
            continue;
        (void) fprintf(stderr, "The corpus never calls %s: see fuzz/make_corpus.c\n",
            operations[i].name);
        complete = false;
    }
    return complete;
}

static bool replay_corpus(void)
{
    const char *source = getenv("srcdir");
    char *directory = join(source != NULL ? source : ".", "fuzz/corpus");
    bool same = replay_directory(directory);
    free(directory);
    return is_complete() && same;
}

int main(int argc, char **argv)
{
    bool good = argc > 1 ? replay_all(argv + 1, argc - 1) : replay_corpus();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
