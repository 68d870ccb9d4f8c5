#include <config.h>

#include "soak_errand.h"
#include "soak_record.h"

#include <string.h>

enum {
    NAMES = 4,
    RECORDS = 100, /* of one stream, at most */
    REMOVAL_ODDS = 4,
    NAME_SIZE = 32
};

static const struct kind name_kind = {
    .name = "memory, name of all", .properties = KIND_WATCHED};

static const char *path_of(unsigned number, char name[NAME_SIZE])
{
    (void) snprintf(name, NAME_SIZE, "memory:all-%u", number);
    return name;
}

/* The other workers may have made or removed it at any moment. */
static unsigned reasons(const char *mode)
{
    if (mode[0] == 'r')
        return LACK_MEMORY | LACK_PATH;
    return strchr(mode, 'x') != NULL ? LACK_MEMORY | LACK_FREE_PATH : LACK_MEMORY;
}

/* Each record is stored whole in one step, both at the end and at a position that others
 * write to. */
static void write_records(struct job *job)
{
    for (unsigned i = draw(&job->random, RECORDS); i > 0 && !job->failed; i--) {
        struct record record = record_make(job->seed, 0, i);
        bool written = fwrite(&record, sizeof record, 1, job->stream) == 1 &&
                       fflush(job->stream) == 0;
        job->failed = !job_done_or_lacks(job, written, LACK_MEMORY);
    }
}

static void read_records(const struct job *job)
{
    rewind(job->stream);
    if (!record_all_are_whole(job->stream))
        job_lose(job, "a record is torn");
}

static void use(struct job *job, const char *mode)
{
    if (strcmp(mode, "r") != 0)
        write_records(job);
    if (!job->failed && (mode[0] == 'r' || strchr(mode, '+') != NULL))
        read_records(job);
    job_close(job, false);
}

void errand_names(struct errand *errand)
{
    static const char *const modes[] = {"r", "r+", "w", "w+", "a", "a+", "wx"};
    struct job job = errand_job(errand, &name_kind);
    char name[NAME_SIZE];
    (void) path_of(draw(&job.random, NAMES), name);
    if (draw(&job.random, REMOVAL_ODDS) == 0) {
        (void) job_done_or_lacks(&job, filelike_remove(name) == 0, LACK_PATH);
        return;
    }
    const char *mode = modes[draw(&job.random, sizeof modes / sizeof *modes)];
    job.stream = filelike_fopen(name, mode);
    if (job_done_or_lacks(&job, job.stream != NULL, reasons(mode)))
        use(&job, mode);
}

void errand_names_end(void)
{
    char name[NAME_SIZE];
    for (unsigned i = 0; i < NAMES; i++)
        (void) filelike_remove(path_of(i, name));
}
