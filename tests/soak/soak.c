/* A long run: threads and their children do everything to every kind of stream, with too
 * little memory, too few descriptors and too small a disk.
 *
 * usage: soak [MINUTES]     (make soak MINUTES=60 does it; the default is 1, and 0.2 is
 *                            possible too) */
#include <config.h>

#include "mounts.h"
#include "resident.h"
#include "scratch.h"
#include "soak_child.h"
#include "soak_errand.h"
#include "soak_job.h"
#include "soak_pressure.h"
#include "soak_tally.h"

#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = CHILD_WORKERS,
    STEPS = 24,                  /* of one stream, at most */
    ERRAND_ODDS = 3,             /* one thing to do in so many is an errand */
    FORK_ODDS = 64,              /* one step in so many is followed by a fork */
    TURN_NANOSECONDS = 50000000, /* of good times or bad times */
    PATIENCE_SECONDS = 120,      /* after the end; a thread that is not done then hangs */
    BUDGET = 256 * 1024,         /* bytes */
    HEAP_KEPT = 32 * 1024,       /* bytes, at most */
    MINUTE = 60,                 /* seconds */
    MOST_MINUTES = 1000000
};

static time_t end;
static filelike_budget *budget;
static bool forks;

/* ---- Threads -------------------------------------------------------------------------
 */

static void run_job(unsigned worker, struct job *job)
{
    bool goes_on = true;
    bool inherited = job_can_be_inherited(job->kind);
    if (!job_open(job, budget))
        return;
    child_sees(worker, inherited ? job : NULL);
    for (unsigned left = draw(&job->random, STEPS); goes_on && left > 0; left--) {
        goes_on = job_step(job);
        if (goes_on && forks && inherited && draw(&job->random, FORK_ODDS) == 0)
            child_fork(worker, budget);
    }
    child_sees(worker, NULL);
    job_close(job, goes_on);
}

static void run_errand(unsigned worker, unsigned seed, unsigned random)
{
    struct errand errand = {.worker = worker,
        .seed = seed,
        .random = random,
        .forks = forks,
        .budget = budget};
    errand_run(&errand);
}

static void *work(void *context)
{
    unsigned worker = (unsigned) (uintptr_t) context;
    unsigned random = worker + 1;
    for (unsigned i = 0; time(NULL) < end; i++) {
        const struct kind *kind = &kinds[draw(&random, (unsigned) kind_count)];
        struct job job = {.kind = kind, .seed = i * WORKERS + worker};
        job.random = random ^ i;
        if (draw(&random, ERRAND_ODDS) == 0)
            run_errand(worker, job.seed, job.random);
        else if (job_can_be(kind))
            run_job(worker, &job);
    }
    return NULL;
}

static void *squeeze(void *context)
{
    (void) context;
    for (unsigned i = 0; time(NULL) < end; i++) {
        pressure_turn(i);
        (void) nanosleep(&(struct timespec){.tv_nsec = TURN_NANOSECONDS}, NULL);
    }
    pressure_end();
    return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *), uintptr_t number)
{
    if (pthread_create(thread, NULL, body, (void *) number) == 0)
        return;
    (void) fputs("soak: no thread can be started\n", stderr);
    exit(EXIT_FAILURE);
}

/* The memory of the process after each of its parts has been in use. */
static int64_t resident_at(time_t moment)
{
    int64_t bytes = -1;
    while (time(NULL) < end && (time(NULL) < moment || bytes == -1)) {
        (void) nanosleep(&(struct timespec){.tv_nsec = TURN_NANOSECONDS}, NULL);
        bytes = resident_bytes();
    }
    return bytes;
}

static int64_t run_all(long seconds)
{
    pthread_t threads[WORKERS + 1];
    end = time(NULL) + (time_t) seconds;
    (void) alarm((unsigned) seconds + PATIENCE_SECONDS);
    for (uintptr_t i = 0; i < WORKERS; i++)
        start(&threads[i], work, i);
    start(&threads[WORKERS], squeeze, 0);
    int64_t early = resident_at(end - (time_t) (seconds - seconds / 10));
    for (size_t i = 0; i <= WORKERS; i++)
        (void) pthread_join(threads[i], NULL);
    return early;
}

/* ---- The end -------------------------------------------------------------------------
 */

static void check_left(const char *what, const char *is, const char *was)
{
    struct job all = {.kind = &(struct kind){.name = "all streams"}};
    (void) printf("%s: \"%.100s\", before \"%.100s\"\n", what, is, was);
    if (strcmp(is, was) != 0)
        job_lose(&all, what);
}

/* The budget, the files and the descriptors after all streams are closed. */
static void check_end(const char *descriptors_before)
{
    char used[32];
    errand_publish_end(WORKERS);
    errand_names_end();
    (void) snprintf(used, sizeof used, "%zu", filelike_budget_used(budget));
    check_left("bytes of the budget in use", used, "0");
    check_left("files on the small disk", entries("disk"), "");
    check_left("files beside it", entries("."), "disk");
    check_left("open descriptors", descriptors(), descriptors_before);
}

/* Bytes of malloc's that are in use; 0: unknown. */
static size_t heap_used(void)
{
#ifdef HAVE_MALLINFO2
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
#else
    return 0;
#endif
}

/* The library and stdio keep the memory of all streams that were open at the same time.
 * They keep nothing for streams that come and go. */
static void check_heap(size_t before)
{
    struct job all = {.kind = &(struct kind){.name = "all streams"}};
    size_t used = heap_used();
    (void) printf("bytes of the heap in use: %zu, before %zu\n", used, before);
    if (used > before + HEAP_KEPT)
        job_lose(&all, "memory leaks");
}

static void report_memory(int64_t early)
{
    (void) printf("resident memory: %" PRId64 " KiB after a tenth of the time, %" PRId64
                  " KiB at the end\n",
        early / 1024, resident_bytes() / 1024);
}

/* ---- The run -------------------------------------------------------------------------
 */

static bool prepare(void)
{
    const char *reason = resident_unknown();
    forks = reason == NULL;
    if (!forks)
        say_skipped("a limit of memory, and fork", reason);
    if (!tally_begin() || !pressure_begin(!forks))
        return false;
    budget = filelike_budget_new(BUDGET);
    return budget != NULL;
}

static int soak(long seconds)
{
    char *before = prepare() ? strdup(descriptors()) : NULL;
    if (before == NULL) {
        perror("soak: cannot begin");
        return EXIT_FAILURE;
    }
    size_t heap_before = heap_used();
    int64_t early = run_all(seconds);
    check_end(before);
    check_heap(heap_before);
    report_memory(early);
    tally_report();
    filelike_budget_free(budget);
    free(before);
    (void) unmount("disk");
    return tally_is_without_loss() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* 0: MINUTES is no time to run. */
static long seconds_of(const char *minutes)
{
    char *rest;
    double number = strtod(minutes, &rest);
    bool is_time = *rest == '\0' && number > 0 && number <= MOST_MINUTES;
    return is_time ? (long) (number * MINUTE) : 0;
}

int main(int argc, char **argv)
{
    long seconds = seconds_of(argc > 1 ? argv[1] : "1");
    if (argc > 2 || seconds < 1) {
        (void) fputs("usage: soak [MINUTES]\n", stderr);
        return 2;
    }
    scratch_enter();
    int status = soak(seconds);
    scratch_leave();
    return status;
}
