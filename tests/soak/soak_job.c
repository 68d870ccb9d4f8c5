#include <config.h>

#include "soak_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 }; /* bytes of one write, at most */

/* ---- What comes of a call ------------------------------------------------------------
 */

const char *job_process = "parent";

void job_lose(const struct job *job, const char *what)
{
    tally_loss();
    (void) fprintf(stderr, "soak: %s: %s, seed %u, %zu bytes: %s (%s)\n", job_process,
        job->kind->name, job->seed, job->written, what,
        errno != 0 ? strerror(errno) : "no error");
}

/* errno is cleared, so that a call which fails without setting it is noticed. */
bool job_done_or_lacks(const struct job *job, bool success, unsigned lack)
{
    tally_operation();
    if (!success && !tally_fault(errno, lack))
        job_lose(job, "failed for no good reason");
    errno = 0;
    return success;
}

bool job_done(const struct job *job, bool success)
{
    return job_done_or_lacks(job, success, LACK_ANY);
}

unsigned draw(unsigned *state, unsigned below)
{
    return (unsigned) rand_r(state) % below;
}

char job_byte(const struct job *job, size_t position)
{
    return (char) ((position * 2654435761U >> 11) ^ position ^ job->seed);
}

static void fill(const struct job *job, char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = job_byte(job, job->written + i);
}

static bool is_right(const struct job *job, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != job_byte(job, i))
            return false;
    return true;
}

/* ---- Steps ---------------------------------------------------------------------------
 */

void job_check_reading(const struct job *job, FILE *stream, const char *what)
{
    size_t position = 0;
    int character;
    while ((character = getc(stream)) != EOF) {
        if ((char) character != job_byte(job, position)) {
            job_lose(job, what);
            return;
        }
        position++;
    }
    if (ferror(stream) || position != job->written)
        job_lose(job, what);
}

static void read_back(struct job *job)
{
    rewind(job->stream);
    job_check_reading(job, job->stream, "reads other bytes");
    (void) job_done(job, fseeko(job->stream, 0, SEEK_END) == 0);
}

static void reopen(struct job *job)
{
    FILE *second = filelike_reopen(job->stream, "r");
    if (!job_done(job, second != NULL))
        return;
    job_check_reading(job, second, "another stream reads other bytes");
    if (fclose(second) != 0)
        job_lose(job, "a reader's fclose failed");
}

static void view(struct job *job)
{
    size_t size;
    const char *bytes = filelike_view(job->stream, &size);
    if (job_done(job, bytes != NULL) &&
        (size != job->written || !is_right(job, bytes, size)))
        job_lose(job, "the view shows other bytes");
}

static void detach(struct job *job)
{
    size_t size;
    atomic_store(&job->assured, 0);
    char *bytes = filelike_detach(job->stream, &size);
    if (!job_done(job, bytes != NULL))
        return;
    if (size != job->written || !is_right(job, bytes, size))
        job_lose(job, "other bytes were detached");
    free(bytes);
    job->written = 0;
}

static void truncate_somewhere(struct job *job)
{
    size_t size = draw(&job->random, (unsigned) job->written + 1);
    atomic_store(&job->assured, size);
    if (!job_done(job, filelike_truncate(job->stream, (int64_t) size) == 0))
        return;
    job->written = size;
    (void) job_done(job, fseeko(job->stream, 0, SEEK_END) == 0);
}

static void persist(struct job *job)
{
    char path[32];
    const char *directory = draw(&job->random, 2) == 0 ? "disk" : ".";
    (void) snprintf(path, sizeof path, "%s/kept-%u", directory, job->seed);
    if (!job_done(job, filelike_persist(job->stream, path, FILELIKE_NOSYNC) == 0)) {
        if (access(path, F_OK) == 0)
            job_lose(job, "a failed filelike_persist has left its file");
        return;
    }
    FILE *file = fopen(path, "r");
    if (job_done(job, file != NULL)) {
        job_check_reading(job, file, "filelike_persist put other bytes there");
        (void) fclose(file);
    }
    (void) remove(path);
}

static void move(struct job *job)
{
    job->may_be_in_file = true;
    bool moved = filelike_rollover(job->stream) == 0;
    (void) job_done_or_lacks(job, moved, LACK_ANY | LACK_SUPPORT);
}

void job_ask_descriptor(const struct job *job)
{
    unsigned lack = kind_has(job->kind, KIND_BOUND) ? LACK_ANY | LACK_SUPPORT : LACK_ANY;
    (void) job_done_or_lacks(job, filelike_fileno(job->stream) >= 0, lack);
}

/* A stream on a budget moves to disk then. */
static void ask_descriptor(struct job *job)
{
    job->may_be_in_file = true;
    job->may_be_in_kernel = !kind_has(job->kind, KIND_OPTIONS);
    job_ask_descriptor(job);
}

static void (*const steps[])(struct job *) = {
    read_back, reopen, view, detach, truncate_somewhere, persist, move, ask_descriptor};

/* After a failure the bytes that had been stored are there, and the stream goes on
 * behind them. False if it cannot. */
static bool recover(struct job *job)
{
    job->failed = true;
    clearerr(job->stream);
    int64_t size = filelike_size(job->stream);
    if (!job_done(job, size >= 0))
        return false;
    if ((size_t) size < job->written)
        job_lose(job, "a failed write took bytes with it");
    job->written = (size_t) size;
    read_back(job);
    return !ferror(job->stream);
}

bool job_write(struct job *job)
{
    static _Thread_local char chunk[CHUNK];
    size_t size = draw(&job->random, CHUNK) + 1;
    fill(job, chunk, size);
    if (job_done(job,
            fwrite(chunk, 1, size, job->stream) == size && fflush(job->stream) == 0)) {
        job->written += size;
        return true;
    }
    return recover(job);
}

bool job_step(struct job *job)
{
    bool goes_on = true;
    if (draw(&job->random, 2) == 0)
        goes_on = job_write(job);
    else
        steps[draw(&job->random, sizeof steps / sizeof *steps)](job);
    atomic_store(&job->assured, job->written);
    return goes_on;
}

void job_check(struct job *job)
{
    read_back(job);
    reopen(job);
    view(job);
}

bool job_write_and_undo(struct job *job)
{
    size_t size = job->written;
    if (!job_write(job))
        return false;
    if (job_done(job, filelike_truncate(job->stream, (int64_t) size) == 0))
        job->written = size;
    return true;
}

/* ---- Beginning and end ---------------------------------------------------------------
 */

/* Atomic streams need a path, see soak_publish.c. Streams on a caller's block or on a
 * section cannot grow, and there cannot be many of them. */
bool job_can_be(const struct kind *kind)
{
    return !kind_has(kind, KIND_PUBLISHES) && !kind_has(kind, KIND_BARE);
}

bool job_can_be_inherited(const struct kind *kind)
{
    return kind_has(kind, KIND_WATCHED);
}

bool job_is_private(const struct job *job)
{
    return !job->may_be_in_kernel && filelike_in_memory(job->stream) == 1;
}

/* A spooled stream moves by itself. The other kinds move only on request. */
static bool starts_in_memory(const struct kind *kind)
{
    return kind_has(kind, KIND_MOVABLE | KIND_STAYS) && kind->options.memory_limit == 0;
}

bool job_open(struct job *job, filelike_budget *budget)
{
    struct filelike_options options = {.dir = "disk", .budget = budget};
    bool appends = draw(&job->random, 3) == 0 && !kind_has(job->kind, KIND_ONLY_UPDATE);
    job->may_be_in_file = !starts_in_memory(job->kind);
    job->stream = kind_open(job->kind, appends ? "a+" : "w+", &options);
    return job_done(job, job->stream != NULL);
}

/* On stdio's own streams only the call that fails reports the error. */
static void check_told(const struct job *job, bool told, const char *too_little)
{
    if (told && !job->failed)
        job_lose(job, "a failure was reported that did not happen");
    else if (!told && job->failed && kind_has(job->kind, KIND_WATCHED))
        job_lose(job, too_little);
}

void job_close(struct job *job, bool goes_on)
{
    if (goes_on)
        read_back(job);
    check_told(job, filelike_error(job->stream) != 0, "filelike_error does not tell");
    errno = 0;
    bool stored = job_done(job, fclose(job->stream) == 0);
    /* On a caller's operations the last fclose reports what any stream has lost. */
    if (stored || !job->others_failed || !kind_has(job->kind, KIND_BOUND))
        check_told(job, !stored, "fclose did not report a failure");
}
