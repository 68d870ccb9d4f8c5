/* A long run: threads that do everything to every kind of stream, under too little
 * memory, too few descriptors and too small a disk. A fault is a call that failed and
 * said so; a loss is a byte that was accepted and is not there, or a failure that nobody
 * was told of.
 *
 * usage: soak [MINUTES]     (make soak MINUTES=60 does it; the default is 1) */
#include <config.h>

#include "kinds.h"
#include "mounts.h"
#include "scratch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    STEPS = 24,         /* of one stream, at most */
    CHUNK = 64 * 1024,  /* bytes of one write, at most */
    DESCRIPTORS = 24,   /* of the process, in bad times */
    BUDGET = 256 * 1024 /* bytes */
};

static atomic_uint_fast64_t operations;
static atomic_uint_fast64_t faults;
static atomic_uint_fast64_t losses;
static time_t end;
static filelike_budget *budget;

/* A stream, and what is known of its bytes. */
struct job {
    const struct kind *kind;
    FILE *stream;
    unsigned seed;
    unsigned random;
    size_t written; /* bytes that were stored, of the sequence of SEED */
    bool failed;    /* a write has, since the stream was opened */
};

/* ---- What comes of a call ------------------------------------------------------------
 */

static bool done(bool success)
{
    atomic_fetch_add(&operations, 1);
    if (!success)
        atomic_fetch_add(&faults, 1);
    return success;
}

static void lose(const struct job *job, const char *what)
{
    atomic_fetch_add(&losses, 1);
    (void) fprintf(stderr, "soak: %s, seed %u, %zu bytes: %s (%s)\n", job->kind->name,
        job->seed, job->written, what, strerror(errno));
}

static unsigned draw(unsigned *state, unsigned below)
{
    return (unsigned) rand_r(state) % below;
}

static char byte_at(unsigned seed, size_t position)
{
    return (char) ((position * 2654435761U >> 11) ^ position ^ seed);
}

static void fill(char *bytes, size_t size, unsigned seed, size_t position)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(seed, position + i);
}

static bool is_right(const struct job *job, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_at(job->seed, i))
            return false;
    return true;
}

/* ---- Steps ---------------------------------------------------------------------------
 */

/* What STREAM, at its start, gives up to its end. */
static void check_reading(const struct job *job, FILE *stream, const char *what)
{
    size_t position = 0;
    int character;
    while ((character = getc(stream)) != EOF) {
        if ((char) character != byte_at(job->seed, position)) {
            lose(job, what);
            return;
        }
        position++;
    }
    if (ferror(stream) || position != job->written)
        lose(job, what);
}

static void read_back(struct job *job)
{
    rewind(job->stream);
    check_reading(job, job->stream, "reads other bytes");
    (void) done(fseeko(job->stream, 0, SEEK_END) == 0);
}

static void reopen(struct job *job)
{
    FILE *second = filelike_reopen(job->stream, "r");
    if (!done(second != NULL))
        return;
    check_reading(job, second, "another stream reads other bytes");
    if (fclose(second) != 0)
        lose(job, "a reader's fclose failed");
}

static void view(struct job *job)
{
    size_t size;
    const char *bytes = filelike_view(job->stream, &size);
    if (done(bytes != NULL) && (size != job->written || !is_right(job, bytes, size)))
        lose(job, "the view shows other bytes");
}

static void detach(struct job *job)
{
    size_t size;
    char *bytes = filelike_detach(job->stream, &size);
    if (!done(bytes != NULL))
        return;
    if (size != job->written || !is_right(job, bytes, size))
        lose(job, "other bytes were detached");
    free(bytes);
    job->written = 0;
}

static void truncate_somewhere(struct job *job)
{
    size_t size = draw(&job->random, (unsigned) job->written + 1);
    if (!done(filelike_truncate(job->stream, (int64_t) size) == 0))
        return;
    job->written = size;
    (void) done(fseeko(job->stream, 0, SEEK_END) == 0);
}

static void persist(struct job *job)
{
    char path[32];
    (void) snprintf(path, sizeof path, "kept-%u", job->seed);
    if (!done(filelike_persist(job->stream, path, FILELIKE_NOSYNC) == 0)) {
        if (access(path, F_OK) == 0)
            lose(job, "a failed filelike_persist has left its file");
        return;
    }
    FILE *file = fopen(path, "r");
    if (done(file != NULL)) {
        check_reading(job, file, "filelike_persist put other bytes there");
        (void) fclose(file);
    }
    (void) remove(path);
}

static void move(struct job *job)
{
    (void) done(filelike_rollover(job->stream) == 0);
}

static void ask_descriptor(struct job *job)
{
    (void) done(filelike_fileno(job->stream) >= 0);
}

static void (*const steps[])(struct job *) = {
    read_back, reopen, view, detach, truncate_somewhere, persist, move, ask_descriptor};

/* After a failure: what had been stored is there, and the stream goes on behind it. False
 * where it cannot. */
static bool recover(struct job *job)
{
    job->failed = true;
    clearerr(job->stream);
    int64_t size = filelike_size(job->stream);
    if (!done(size >= 0))
        return false;
    if ((size_t) size < job->written)
        lose(job, "a failed write took bytes with it");
    job->written = (size_t) size;
    read_back(job);
    return !ferror(job->stream);
}

static bool write_chunk(struct job *job)
{
    static _Thread_local char chunk[CHUNK];
    size_t size = draw(&job->random, CHUNK) + 1;
    fill(chunk, size, job->seed, job->written);
    if (done(fwrite(chunk, 1, size, job->stream) == size && fflush(job->stream) == 0)) {
        job->written += size;
        return true;
    }
    return recover(job);
}

/* ---- Streams -------------------------------------------------------------------------
 */

static bool is_ours(const struct kind *kind)
{
    return kind_has(kind, KIND_OPTIONS | KIND_WATCHED) && !kind_has(kind, KIND_PUBLISHES);
}

static void run_job(struct job *job)
{
    struct filelike_options options = {.dir = "disk", .budget = budget};
    job->stream = kind_open(job->kind, "w+", &options);
    if (!done(job->stream != NULL))
        return;
    bool goes_on = true;
    for (unsigned left = draw(&job->random, STEPS); goes_on && left > 0; left--) {
        if (draw(&job->random, 2) == 0)
            goes_on = write_chunk(job);
        else
            steps[draw(&job->random, sizeof steps / sizeof *steps)](job);
    }
    if (goes_on)
        read_back(job);
    bool stored = done(fclose(job->stream) == 0);
    if (stored == job->failed)
        lose(
            job, stored ? "fclose told nothing of a failure" : "fclose failed by itself");
}

static void *work(void *context)
{
    unsigned number = (unsigned) (uintptr_t) context;
    unsigned random = number;
    for (unsigned i = 0; time(NULL) < end; i++) {
        const struct kind *kind = &kinds[draw(&random, (unsigned) kind_count)];
        struct job job = {.kind = kind, .seed = i * WORKERS + number};
        job.random = random ^ i;
        if (is_ours(kind))
            run_job(&job);
    }
    return NULL;
}

/* ---- Pressure ------------------------------------------------------------------------
 */

/* Good and bad times take turns, as a limit that never ends keeps much from being tried.
 */
static void *squeeze(void *context)
{
    struct rlimit usual;
    (void) context;
    (void) getrlimit(RLIMIT_NOFILE, &usual);
    for (unsigned i = 0; time(NULL) < end; i++) {
        struct timespec turn = {.tv_nsec = 50000000};
        struct rlimit limit = usual;
        limit.rlim_cur = i % 2 == 0 ? usual.rlim_cur : DESCRIPTORS;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        (void) nanosleep(&turn, NULL);
    }
    (void) setrlimit(RLIMIT_NOFILE, &usual);
    return NULL;
}

static void begin_pressure(void)
{
    struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    if (mkdir("disk", 0700) != 0)
        exit(EXIT_FAILURE);
    if (mounts_begin() && mount_memory("disk", "size=512k"))
        return;
    (void) printf(
        "skipped: a small disk: mounts are not permitted; a file size limit is\n");
    (void) signal(SIGXFSZ, SIG_IGN);
    (void) setrlimit(RLIMIT_FSIZE, &limit);
}

static void run_all(void)
{
    pthread_t threads[WORKERS + 1];
    for (uintptr_t i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *) (i + 1)) != 0)
            exit(EXIT_FAILURE);
    if (pthread_create(&threads[WORKERS], NULL, squeeze, NULL) != 0)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i <= WORKERS; i++)
        (void) pthread_join(threads[i], NULL);
}

/* What is left when all streams are closed. */
static void check_end(const char *descriptors_before)
{
    struct job all = {.kind = &(struct kind){.name = "all streams"}};
    if (filelike_budget_used(budget) != 0)
        lose(&all, "the budget is not given back");
    if (strcmp(entries("disk"), "") != 0)
        lose(&all, "files are left");
    if (strcmp(descriptors(), descriptors_before) != 0)
        lose(&all, "descriptors are left open");
}

int main(int argc, char **argv)
{
    long minutes = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    if (argc > 2 || minutes < 1) {
        (void) fputs("usage: soak [MINUTES]\n", stderr);
        return 2;
    }
    scratch_enter();
    begin_pressure();
    budget = filelike_budget_new(BUDGET);
    char *before = strdup(descriptors());
    if (budget == NULL || before == NULL)
        return EXIT_FAILURE;
    end = time(NULL) + (time_t) minutes * 60;
    run_all();
    check_end(before);
    filelike_budget_free(budget);
    free(before);
    (void) unmount("disk");
    scratch_leave();
    (void) printf("%" PRIuFAST64 " operations, %" PRIuFAST64 " faults, %" PRIuFAST64
                  " losses\n",
        atomic_load(&operations), atomic_load(&faults), atomic_load(&losses));
    return atomic_load(&losses) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
