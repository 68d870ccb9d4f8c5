#include <config.h>

#include "harness.h"

#include "quiet.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- One turn ------------------------------------------------------------------------
 */

/* The row that is being measured, for messages. */
static const struct row *current_row;
static enum kind current_kind;

static _Noreturn void end(const char *what, const char *why)
{
    if (current_row != NULL)
        (void) fprintf(stderr, "bench: row %s, %s: ", current_row->name,
            row_kind_name(current_row, current_kind));
    (void) fprintf(stderr, "%s: %s\n", what, why);
    _exit(EXIT_FAILURE);
}

void fail(const char *what)
{
    end(what, strerror(errno));
}

void fail_with_other_bytes(void)
{
    end("wrong result", "other bytes than were written");
}

double now(void)
{
    struct timespec time;
    (void) clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static double measure(const struct row *row, enum kind kind)
{
    return kind == LIMIT ? row->measure_limit(row) : row->measure(row, kind);
}

/* Runs that are not timed load and link the code. A warm heap takes two of them: malloc
 * learns from what the first one frees, and keeps what the second one frees. */
static void warm_up(const struct row *row, enum kind kind)
{
    struct row once = *row;
    if (row->heap == FRESH) {
        once.amount = row->text != NULL ? BLOCK_SIZE : 1;
        once.times = 1;
    } else {
        (void) measure(&once, kind);
    }
    (void) measure(&once, kind);
}

/* Runs in a child, which writes the cost to *SHARED. */
static _Noreturn void take_turn(const struct row *row, enum kind kind, double *shared)
{
    warm_up(row, kind);
    *shared = measure(row, kind);
    _exit(EXIT_SUCCESS);
}

static double run_turn(const struct row *row, enum kind kind, double *shared)
{
    current_kind = kind;
    pid_t child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0)
        take_turn(row, kind, shared);
    int status;
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (WIFSIGNALED(status))
        end("ended by a signal", strsignal(WTERMSIG(status)));
    if (status != 0)
        exit(EXIT_FAILURE);
    return *shared;
}

/* ---- Rounds --------------------------------------------------------------------------
 */

static void shuffle(enum kind *kinds, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t other = (size_t) rand() % left;
        enum kind last = kinds[left - 1];
        kinds[left - 1] = kinds[other];
        kinds[other] = last;
    }
}

/* Each round takes the kinds in another order, by chance. A kind that always followed the
 * same one would find memory and caches as that one leaves them. */
static void run_round(
    const struct row *row, size_t round, struct costs *costs, double *shared)
{
    enum kind kinds[KINDS];
    size_t count = 0;
    for (size_t i = 0; i < KINDS; i++) {
        if (row_has_kind(row, (enum kind) i))
            kinds[count++] = (enum kind) i;
    }
    shuffle(kinds, count);
    for (size_t i = 0; i < count; i++)
        costs->of[kinds[i]][round] = run_turn(row, kinds[i], shared);
}

void harness_run(const struct row *row, size_t rounds, struct costs *costs)
{
    double *shared = mmap(
        NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    current_row = row;
    if (shared == MAP_FAILED)
        fail("mmap");
    double start = now();
    double foreign = quiet_foreign_time();
    for (size_t i = 0; i < rounds; i++)
        run_round(row, costs->rounds++, costs, shared);
    costs->foreign_time += quiet_foreign_time() - foreign;
    costs->elapsed += now() - start;
    (void) munmap(shared, sizeof *shared);
    current_row = NULL;
}

/* ---- Summary -------------------------------------------------------------------------
 */

static int compare(const void *first, const void *second)
{
    double a = *(const double *) first;
    double b = *(const double *) second;
    return (a > b) - (a < b);
}

struct summary summarize(const double *values, size_t count)
{
    double sorted[MOST_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    double low = sorted[count / 4];
    double middle = sorted[count / 2];
    double high = sorted[count - 1 - count / 4];
    double spread = (high - low) / 2 / middle;
    return (struct summary){middle, spread, 2 * 1.57 * spread / sqrt((double) count)};
}
