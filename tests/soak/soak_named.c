#include <config.h>

#include "soak_errand.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATH_SIZE = 256,
    CHUNKS = 4 /* that are written, at most */
};

static const struct kind fate_kind = {
    .name = "named, with a fate", .properties = KIND_OPTIONS | KIND_WATCHED};
static const struct filelike_options options = {
    .dir = "disk", .prefix = "fate-", .suffix = ".soak"};

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- A child that cleans up ----------------------------------------------------------
 *
 * Cleaning up is safe in this child: its only own files are those that it opens itself,
 * and it may not remove its parent's.
 */

static bool cleans_up_its_own(void)
{
    char path[PATH_SIZE];
    FILE *own = filelike_named(NULL, &options);
    if (own == NULL)
        return true;
    const char *found = filelike_path(own);
    (void) snprintf(path, sizeof path, "%s", found != NULL ? found : "");
    filelike_cleanup();
    bool removed = !is_there(path);
    return fclose(own) == 0 && removed;
}

static bool cleans_up(const struct job *job, const void *path)
{
    (void) job;
    return cleans_up_its_own() && is_there(path);
}

/* ---- Fates ---------------------------------------------------------------------------
 */

/* Keeps and discards in turn; the last call decides. True if the file is to stay. */
static bool decide(struct job *job, bool *discarded)
{
    bool stays = false;
    *discarded = false;
    for (unsigned left = draw(&job->random, 4); left > 0; left--) {
        stays = draw(&job->random, 2) == 0;
        int status = stays ? filelike_keep(job->stream) : filelike_discard(job->stream);
        if (status != 0)
            job_lose(job, "a fate was refused");
        *discarded = !stays;
    }
    return stays;
}

static void check_kept(const struct job *job, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!job_done(job, file != NULL))
        return;
    job_check_reading(job, file, "a kept file has other bytes");
    (void) fclose(file);
}

static void end(struct job *job, const char *path)
{
    bool discarded;
    bool stays = decide(job, &discarded);
    if (!discarded)
        job_close(job, !job->failed);
    else if (fclose(job->stream) != 0)
        job_lose(job, "fclose failed after filelike_discard");
    if (is_there(path) != stays)
        job_lose(job, stays ? "a kept file is gone" : "a file was left behind");
    else if (stays)
        check_kept(job, path);
    (void) unlink(path);
}

void errand_named(struct errand *errand)
{
    struct job job = errand_job(errand, &fate_kind);
    job.stream = filelike_named(NULL, &options);
    job.may_be_in_file = true;
    if (!job_done(&job, job.stream != NULL))
        return;
    const char *found = filelike_path(job.stream);
    char *path = found != NULL ? strdup(found) : NULL;
    if (!job_done(&job, path != NULL)) {
        job_close(&job, false);
        return;
    }
    bool goes_on = true;
    for (unsigned left = draw(&job.random, CHUNKS); goes_on && left > 0; left--)
        goes_on = job_write(&job);
    if (errand->forks && draw(&job.random, 4) == 0)
        errand_in_child(
            &job, cleans_up, path, "a child did not clean up its own files alone");
    end(&job, path);
    free(path);
}
