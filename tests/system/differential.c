/* Random sequences of stdio calls, compared call by call with a real file. Without
 * arguments a fixed quick run; see usage below for long ones. */
#include <config.h>

#include "kinds.h"
#include "sequence.h"
#include "step.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum { DEFAULT_STEPS = 120, QUICK_SEEDS = 8 };

struct plan {
    uint64_t first_seed;
    bool seeded;    /* by who runs it */
    uint64_t seeds; /* of each kind and mode */
    size_t steps;
    time_t end; /* 0: when the seeds are done */
    const char *kind;
    const char *mode;
    bool trace;
};

struct tally {
    uint64_t run;
    uint64_t skipped;
    uint64_t different;
};

static uint8_t sequence[SEQUENCE_HEADER + SEQUENCE_STEPS * STEP_BYTES];

/* ---- The generator -------------------------------------------------------------------
 */

/* A linear congruential generator. Only its highest bits are random enough to be used. */
static uint8_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1;
    return (uint8_t) (*state >> 56);
}

/* The size of the sequence. It depends on the seed alone, so a seed makes the same calls
 * on all kinds of streams. */
static size_t generate(uint64_t seed, size_t steps, size_t kind, size_t mode)
{
    size_t size = SEQUENCE_HEADER + steps * STEP_BYTES;
    /* Neighbouring seeds must make unrelated sequences. */
    seed *= UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < size; i++)
        sequence[i] = draw(&seed);
    sequence[SEQUENCE_KIND] = (uint8_t) kind;
    sequence[SEQUENCE_MODE] = (uint8_t) mode;
    return size;
}

/* ---- When it ends badly --------------------------------------------------------------
 */

/* How to run the present sequence again. */
static char again[512];

static void describe_again(uint64_t seed, size_t steps, size_t kind, size_t mode)
{
    (void) snprintf(again, sizeof again,
        "differential --seed %" PRIu64 " --kind '%s' --mode %s --steps %zu", seed,
        kinds[kind].name, sequence_modes[mode], steps);
}

static void say_how(void)
{
    static const char intro[] = "differential: crashed; again, with --trace: ";
    ssize_t ignored = write(STDERR_FILENO, intro, sizeof intro - 1);
    ignored = write(STDERR_FILENO, again, strlen(again));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void) ignored;
}

static void die_saying_how(int signal_number)
{
    say_how();
    (void) raise(signal_number);
}

static void catch_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
    struct sigaction action = {
        .sa_handler = die_saying_how, .sa_flags = (int) (SA_RESETHAND | SA_NODEFER)};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void) sigaction(signals[i], &action, NULL);
#if defined __SANITIZE_ADDRESS__
    /* A sanitizer ends the process without a signal. */
    __sanitizer_set_death_callback(say_how);
#endif
}

/* ---- Making it shorter ---------------------------------------------------------------
 */

static bool still_differs(const uint8_t *bytes, size_t size)
{
    return sequence_run(bytes, size, NULL) == VERDICT_DIFFERENT;
}

/* Removes COUNT steps at FIRST if the sequence still differs without them. */
static bool drop_steps(size_t *size, size_t first, size_t count)
{
    static uint8_t shorter[sizeof sequence];
    size_t from = SEQUENCE_HEADER + first * STEP_BYTES;
    size_t length = count * STEP_BYTES;
    memcpy(shorter, sequence, from);
    memcpy(shorter + from, sequence + from + length, *size - from - length);
    if (!still_differs(shorter, *size - length))
        return false;
    *size -= length;
    memcpy(sequence, shorter, *size);
    return true;
}

static void drop_all_but_needed(size_t *size)
{
    size_t steps = (*size - SEQUENCE_HEADER) / STEP_BYTES;
    for (size_t count = steps; count > 0; count /= 2) {
        size_t first = 0;
        while (SEQUENCE_HEADER + (first + count) * STEP_BYTES <= *size)
            if (!drop_steps(size, first, count))
                first += count;
    }
}

static void lower_byte(size_t size, size_t index)
{
    uint8_t kept = sequence[index];
    for (uint8_t tried = 0; tried < kept;
         tried = (uint8_t) (tried + (kept - tried + 1) / 2)) {
        sequence[index] = tried;
        if (still_differs(sequence, size))
            return;
    }
    sequence[index] = kept;
}

static void shrink(size_t *size)
{
    drop_all_but_needed(size);
    /* Only operands become smaller here. The operations stay. */
    for (size_t i = SEQUENCE_BUFFER; i < *size; i++)
        if (i < SEQUENCE_HEADER || (i - SEQUENCE_HEADER) % STEP_BYTES != STEP_OPERATION)
            lower_byte(*size, i);
    drop_all_but_needed(size);
}

/* ---- Running -------------------------------------------------------------------------
 */

static void report(size_t size)
{
    (void) fprintf(stderr,
        "differential: a stream differs from a real file; again: %s\n"
        "The shortest sequence found that differs:\n",
        again);
    shrink(&size);
    (void) sequence_run(sequence, size, stderr);
}

static void run_one(
    const struct plan *plan, uint64_t seed, size_t kind, size_t mode, struct tally *tally)
{
    size_t size = generate(seed, plan->steps, kind, mode);
    describe_again(seed, plan->steps, kind, mode);
    enum verdict verdict = sequence_run(sequence, size, plan->trace ? stderr : NULL);
    tally->run++;
    if (verdict == VERDICT_SKIPPED)
        tally->skipped++;
    if (verdict != VERDICT_DIFFERENT)
        return;
    tally->different++;
    report(size);
}

static bool is_wanted(const char *wanted, const char *name)
{
    return wanted == NULL || strcmp(wanted, name) == 0;
}

static void run_seed(const struct plan *plan, uint64_t seed, struct tally *tally)
{
    for (size_t kind = 0; kind < kind_count; kind++)
        for (size_t mode = 0; mode < SEQUENCE_MODES; mode++)
            if (tally->different == 0 && is_wanted(plan->kind, kinds[kind].name) &&
                is_wanted(plan->mode, sequence_modes[mode]))
                run_one(plan, seed, kind, mode, tally);
}

static bool is_over(const struct plan *plan, uint64_t seed)
{
    if (plan->end != 0)
        return time(NULL) >= plan->end;
    return seed - plan->first_seed >= plan->seeds;
}

static struct tally run(const struct plan *plan)
{
    struct tally tally = {0};
    for (uint64_t seed = plan->first_seed; !is_over(plan, seed) && tally.different == 0;
         seed++)
        run_seed(plan, seed, &tally);
    return tally;
}

/* ---- The command line ----------------------------------------------------------------
 */

static const char usage[] =
    "usage: differential [--seed N] [--kind NAME] [--mode MODE] [--steps N] [--trace]\n"
    "                    [--sequences N | --minutes N]\n"
    "Runs sequences of random stdio calls on streams and on a real file and compares.\n"
    "  --seed N       the first seed; alone it runs this one (default: 1)\n"
    "  --kind NAME    only this kind of stream\n"
    "  --mode MODE    only this mode of fopen's\n"
    "  --steps N      calls in a sequence, 2000 at most (default: 120)\n"
    "  --sequences N  sequences of each kind and mode (default: 8)\n"
    "  --minutes N    go on for so long, from a seed of the clock's unless --seed is "
    "given\n"
    "  --trace        write every call down\n";

static void complain(const char *what, const char *why)
{
    (void) fprintf(stderr, "differential: %s: %s\n%s", what, why, usage);
    exit(2);
}

static uint64_t number(const char *text, uint64_t highest)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value > highest)
        complain(text, "not a number, or too large");
    return value;
}

static const char *known_kind(const char *name)
{
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return name;
    complain(name, "no such kind of stream, see tests/support/kinds.c");
    return NULL;
}

static const char *known_mode(const char *name)
{
    for (size_t i = 0; i < SEQUENCE_MODES; i++)
        if (strcmp(sequence_modes[i], name) == 0)
            return name;
    complain(name, "not one of fopen's six modes");
    return NULL;
}

static void set_seed(struct plan *plan, const char *text)
{
    plan->first_seed = number(text, UINT64_MAX);
    plan->seeded = true;
    plan->seeds = 1;
}

static void set_option(struct plan *plan, int option)
{
    switch (option) {
    case 's':
        set_seed(plan, optarg);
        break;
    case 'k':
        plan->kind = known_kind(optarg);
        break;
    case 'm':
        plan->mode = known_mode(optarg);
        break;
    case 'n':
        plan->steps = (size_t) number(optarg, SEQUENCE_STEPS);
        break;
    case 'q':
        plan->seeds = number(optarg, UINT64_MAX);
        break;
    case 't':
        plan->end = time(NULL) + (time_t) number(optarg, INT32_MAX) * 60;
        break;
    case 'v':
        plan->trace = true;
        break;
    default: /* getopt_long has said what is wrong */
        (void) fputs(usage, stderr);
        exit(2);
    }
}

static struct plan parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"kind", required_argument, NULL, 'k'},
        {"mode", required_argument, NULL, 'm'},
        {"steps", required_argument, NULL, 'n'},
        {"sequences", required_argument, NULL, 'q'},
        {"minutes", required_argument, NULL, 't'},
        {"trace", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    struct plan plan = {.first_seed = 1, .seeds = QUICK_SEEDS, .steps = DEFAULT_STEPS};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(&plan, option);
    if (optind < argc)
        complain(argv[optind], "no such argument");
    if (plan.end != 0 && !plan.seeded)
        plan.first_seed = (uint64_t) time(NULL);
    return plan;
}

int main(int argc, char **argv)
{
    struct plan plan = parse(argc, argv);
    catch_crashes();
    struct tally tally = run(&plan);
    (void) printf("differential: %" PRIu64 " sequences of %zu calls, from seed %" PRIu64
                  " on; %" PRIu64 " were not for their kind of stream; %" PRIu64
                  " differed\n",
        tally.run, plan.steps, plan.first_seed, tally.skipped, tally.different);
    return tally.different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
