/* A caller's operations return values that they may not return, at random. Each call
 * fails with an errno or works, none crashes or hangs, and the context is closed once.
 * If files are named, these findings of the fuzzer are run instead. */
#include <config.h>

#include "expect.h"
#include "misbehaviour.h"
#include "random.h"

#include <stdlib.h>

static uint8_t input[MISBEHAVIOUR_MOST];

static void run_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!EXPECT(file != NULL))
        return;
    size_t size = fread(input, 1, sizeof input, file);
    EXPECT(fclose(file) == 0);
    EXPECT(misbehaviour_run(input, size));
}

static void run_random(uint64_t seed)
{
    uint64_t state = seed;
    size_t size = (size_t) random_below(&state, 400);
    for (size_t i = 0; i < size; i++)
        input[i] = (uint8_t) random_below(&state, 256);
    if (!EXPECT(misbehaviour_run(input, size)))
        (void) fprintf(stderr, "... seed %llu\n", (unsigned long long) seed);
}

int main(int argc, char **argv)
{
    enum { RUNS = 5000 };
    for (int i = 1; i < argc; i++)
        run_file(argv[i]);
    for (uint64_t seed = 0; argc < 2 && seed < RUNS; seed++)
        run_random(seed);
    return expect_status();
}
