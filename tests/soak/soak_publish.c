#include <config.h>

#include "soak_errand.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    PATH_SIZE = 32,
    ROUNDS = 20,           /* of replacing the common files */
    STEPS = 6,             /* of a stream, at most */
    LOOKS = 500,           /* at a file that others replace */
    MOST_WORKERS = 64,     /* that have a path */
    MOST_WORDS = 8 * 1024, /* of the content of a common file */
    CHILD_ODDS = 8,        /* one stream in so many is closed by a child first */
    REMOVAL_ODDS = 8       /* one path in so many is removed first */
};

static const struct kind own_kind = {
    .name = "atomic", .properties = KIND_OPTIONS | KIND_WATCHED};
static const struct kind common_kind = {
    .name = "atomic, among others", .properties = KIND_OPTIONS | KIND_WATCHED};

/* ---- A path of the worker's own ------------------------------------------------------
 */

/* The present content: SIZE bytes of the sequence of SEED. */
static struct content {
    bool exists;
    unsigned seed;
    size_t size;
} contents[MOST_WORKERS];

static const char *own_path(unsigned worker, char path[PATH_SIZE])
{
    (void) snprintf(path, PATH_SIZE, "disk/own-%u", worker);
    return path;
}

static void check_content(const struct job *job, unsigned worker, const char *what)
{
    char path[PATH_SIZE];
    const struct content *content = &contents[worker];
    struct job whole = {
        .kind = job->kind, .seed = content->seed, .written = content->size};
    FILE *file = fopen(own_path(worker, path), "re");
    if (file == NULL && errno == ENOENT && !content->exists)
        return;
    if (!job_done(job, file != NULL))
        return;
    if (!content->exists)
        job_lose(job, "there is a file that was not published");
    else
        job_check_reading(&whole, file, what);
    (void) fclose(file);
}

static void remove_own(const struct errand *errand, const struct job *job)
{
    char path[PATH_SIZE];
    if (!contents[errand->worker].exists)
        return;
    if (job_done(job, filelike_remove(own_path(errand->worker, path)) == 0))
        contents[errand->worker].exists = false;
}

/* A child has a copy of the stream. It publishes nothing. */
static bool refuses_to_publish(const struct job *job, const void *context)
{
    (void) context;
    return fclose(job->stream) == EOF && errno == ECHILD;
}

/* Modes that start from the old content continue its sequence. */
static const char *choose_mode(struct job *job, const struct content *old)
{
    static const char *const modes[] = {"w+", "w+", "a+", "r+", "wx+"};
    const char *mode = modes[draw(&job->random, sizeof modes / sizeof *modes)];
    if (mode[0] != 'w' && old->exists) {
        job->seed = old->seed;
        job->written = old->size;
    }
    return mode;
}

/* The resources whose lack may keep MODE from opening the present content. */
static unsigned reasons(const char *mode, const struct content *old)
{
    if (old->exists)
        return strchr(mode, 'x') != NULL ? LACK_FREE_PATH : LACK_ANY;
    return mode[0] == 'r' ? LACK_PATH : LACK_ANY;
}

static bool open_own(struct job *job, unsigned worker)
{
    char path[PATH_SIZE];
    const struct content *old = &contents[worker];
    struct filelike_options options = {
        .flags = draw(&job->random, 2) == 0 ? FILELIKE_NOSYNC : 0};
    const char *mode = choose_mode(job, old);
    unsigned expected = reasons(mode, old);
    job->may_be_in_file = true;
    job->stream = filelike_atomic(own_path(worker, path), mode, &options);
    if (job->stream != NULL && expected != LACK_ANY)
        job_lose(job, "an atomic stream was opened, not refused");
    return job_done_or_lacks(job, job->stream != NULL, LACK_ANY | expected);
}

static bool change_own(struct job *job)
{
    bool goes_on = job_done(job, fseeko(job->stream, 0, SEEK_END) == 0);
    for (unsigned left = draw(&job->random, STEPS); goes_on && left > 0; left--)
        goes_on = job_step(job);
    return goes_on;
}

/* The old content stays after a failure: the one exception, a failed sync of the
 * directory, does not happen here. */
static void publish_own(struct job *job, unsigned worker)
{
    struct content new = {.exists = true, .seed = job->seed, .size = job->written};
    if (job_done(job, fclose(job->stream) == 0)) {
        contents[worker] = new;
        if (job->failed)
            job_lose(job, "fclose has published without all bytes");
    }
    check_content(job, worker, "another content was published");
}

static void discard_own(struct job *job, unsigned worker)
{
    if (filelike_discard(job->stream) != 0)
        job_lose(job, "filelike_discard failed");
    if (fclose(job->stream) != 0)
        job_lose(job, "fclose failed after filelike_discard");
    check_content(job, worker, "what was discarded was published");
}

void errand_publish(struct errand *errand)
{
    struct job job = errand_job(errand, &own_kind);
    if (draw(&job.random, REMOVAL_ODDS) == 0)
        remove_own(errand, &job);
    if (!open_own(&job, errand->worker)) {
        check_content(&job, errand->worker, "an opener has changed the content");
        return;
    }
    bool goes_on = change_own(&job);
    check_content(&job, errand->worker, "a content was there before fclose");
    if (goes_on && !job.failed && errand->forks && draw(&job.random, CHILD_ODDS) == 0)
        errand_in_child(
            &job, refuses_to_publish, NULL, "fclose in a child did not refuse");
    if (draw(&job.random, 4) == 0)
        discard_own(&job, errand->worker);
    else
        publish_own(&job, errand->worker);
}

/* ---- Paths that all workers replace --------------------------------------------------
 *
 * A content is the number of its words and then the words, each of which is the seed.
 * One of the files is removed now and then. The other is there at each moment once it
 * was made.
 */

static const char removed_path[] = "disk/common-removed";
static const char standing_path[] = "disk/common-standing";
static atomic_bool stands;

static bool write_words(FILE *stream, uint32_t seed, uint32_t count)
{
    bool written = fwrite(&count, sizeof count, 1, stream) == 1;
    for (uint32_t i = 0; written && i < count; i++)
        written = fwrite(&seed, sizeof seed, 1, stream) == 1;
    return written;
}

static bool is_whole(FILE *file)
{
    uint32_t count, first, word;
    if (fread(&count, sizeof count, 1, file) != 1 ||
        fread(&first, sizeof first, 1, file) != 1)
        return false;
    for (uint32_t i = 1; i < count; i++)
        if (fread(&word, sizeof word, 1, file) != 1 || word != first)
            return false;
    return getc(file) == EOF && !ferror(file);
}

/* The file could be missing for a moment only, so this looks often. */
static void watch_standing(const struct job *job)
{
    for (unsigned left = LOOKS; left > 0; left--) {
        if (access(standing_path, F_OK) == 0)
            continue;
        job_lose(job, "a file is not there while it is replaced");
        return;
    }
    tally_operation();
}

static void check_common(const struct job *job, const char *path)
{
    unsigned lack = path == standing_path && atomic_load(&stands) ? 0 : LACK_PATH;
    FILE *file = fopen(path, "re");
    if (!job_done_or_lacks(job, file != NULL, LACK_ANY | lack))
        return;
    if (!is_whole(file))
        job_lose(job, "a published content is not whole");
    (void) fclose(file);
}

/* With FILELIKE_NOREPLACE, one of the workers that find no file succeeds. */
static void replace_common(struct job *job, const char *path)
{
    static const unsigned flags[] = {0, FILELIKE_NOSYNC, FILELIKE_NOREPLACE};
    struct filelike_options options = {.flags = flags[draw(&job->random, 3)]};
    unsigned lack = LACK_ANY;
    if (options.flags == FILELIKE_NOREPLACE)
        lack |= LACK_FREE_PATH;
    job->stream = filelike_atomic(path, "w", &options);
    if (!job_done_or_lacks(job, job->stream != NULL, lack))
        return;
    uint32_t count = draw(&job->random, MOST_WORDS) + 1;
    bool written = job_done(job, write_words(job->stream, job->seed, count));
    bool published = job_done_or_lacks(job, fclose(job->stream) == 0, lack);
    if (published && !written)
        job_lose(job, "fclose has published without all words");
    if (published && path == standing_path)
        atomic_store(&stands, true);
}

static void work_on_common(struct job *job)
{
    const char *path = draw(&job->random, 2) == 0 ? removed_path : standing_path;
    if (atomic_load(&stands))
        watch_standing(job);
    replace_common(job, path);
    check_common(job, path);
    if (path == removed_path && draw(&job->random, REMOVAL_ODDS) == 0)
        (void) job_done_or_lacks(job, filelike_remove(path) == 0, LACK_PATH);
}

void errand_publish_among_others(struct errand *errand)
{
    struct job job = errand_job(errand, &common_kind);
    for (unsigned left = ROUNDS; left > 0; left--)
        work_on_common(&job);
}

/* ---- The end -------------------------------------------------------------------------
 */

void errand_publish_end(unsigned workers)
{
    struct errand errand = {.seed = 0};
    struct job own = errand_job(&errand, &own_kind);
    struct job common = errand_job(&errand, &common_kind);
    for (errand.worker = 0; errand.worker < workers; errand.worker++) {
        check_content(&own, errand.worker, "another content is there in the end");
        remove_own(&errand, &own);
    }
    check_common(&common, removed_path);
    check_common(&common, standing_path);
    (void) filelike_remove(removed_path);
    (void) filelike_remove(standing_path);
}
