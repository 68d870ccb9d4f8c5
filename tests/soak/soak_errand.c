#include <config.h>

#include "soak_errand.h"

#include <sys/wait.h>
#include <unistd.h>

enum {
    SECONDS = 60, /* for a child: one that takes longer hangs */
    WELL = 17     /* status of one that has found all in order */
};

static errand_body *const errands[] = {
    errand_publish,
    errand_publish_among_others,
    errand_named,
    errand_share_stream,
    errand_share_bytes,
    errand_share_name,
    errand_names,
};

struct job errand_job(const struct errand *errand, const struct kind *kind)
{
    return (struct job){.kind = kind, .seed = errand->seed, .random = errand->random};
}

void errand_in_child(const struct job *job,
    bool (*body)(const struct job *job, const void *context), const void *context,
    const char *what)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void) alarm(SECONDS);
        _exit(body(job, context) ? WELL : 0);
    }
    if (!job_done_or_lacks(job, child != -1, LACK_MEMORY | LACK_THREADS))
        return;
    tally_child();
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != WELL)
        job_lose(job, what);
}

void errand_run(struct errand *errand)
{
    errands[draw(&errand->random, sizeof errands / sizeof *errands)](errand);
}
