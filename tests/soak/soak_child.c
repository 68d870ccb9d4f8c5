#include <config.h>

#include "soak_child.h"

#include "soak_tally.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECONDS = 60, /* for a child: one that takes longer hangs */
    STEPS = 8,    /* of a stream in the child */
    WELL = 17     /* status of a child that came to its end */
};

static _Atomic(struct job *) at_work[CHILD_WORKERS];

void child_sees(unsigned worker, struct job *job)
{
    atomic_store(&at_work[worker], job);
}

/* ---- Streams of the other threads ----------------------------------------------------
 *
 * Threads may have stopped in the middle of a step. In memory, the bytes that were
 * stored before the step are there unless the step removes them. Behind them stdio may
 * store its buffer a second time. A file is shared with the parent, whose thread goes on
 * writing and truncating it.
 */

static bool can_read(
    const struct job *job, bool is_private, size_t position, int character)
{
    if ((char) character == job_byte(job, position))
        return true;
    return is_private ? position >= job->assured : character == '\0';
}

static void read_through(const struct job *job, bool is_private, FILE *stream)
{
    size_t position = 0;
    int character;
    while ((character = getc(stream)) != EOF) {
        if (!can_read(job, is_private, position++, character)) {
            job_lose(job, "a child reads other bytes");
            return;
        }
    }
    if (is_private && position < job->assured)
        job_lose(job, "a child misses bytes");
}

static void read_by_another(const struct job *job, bool is_private)
{
    FILE *second = filelike_reopen(job->stream, "r");
    if (!job_done(job, second != NULL))
        return;
    read_through(job, is_private, second);
    (void) fclose(second);
}

/* Appends bytes, and truncates the stream to the assured ones. */
static void change(struct job *job)
{
    clearerr(job->stream);
    (void) fseeko(job->stream, 0, SEEK_END);
    (void) job_done(
        job, fputs("of the child", job->stream) >= 0 && fflush(job->stream) == 0);
    clearerr(job->stream);
    if (!job_done(job, filelike_truncate(job->stream, (int64_t) job->assured) == 0))
        return;
    rewind(job->stream);
    read_through(job, true, job->stream);
    if (filelike_size(job->stream) != (int64_t) job->assured)
        job_lose(job, "a child has cut off other bytes");
}

/* The kernel copies the descriptors before the memory, so the descriptor may have been
 * opened between the two. The child cannot always get it from the parent: it may have no
 * descriptor left, or the parent has closed it. */
static bool lacks_its_descriptor(const struct job *job)
{
    return job->may_be_in_file && filelike_size(job->stream) == -1 && errno == EBADF;
}

/* musl's fork leaves the lock of a stream to the thread of the parent that held it. */
static bool is_locked_for_ever(FILE *stream)
{
    if (ftrylockfile(stream) != 0)
        return true;
    funlockfile(stream);
    return false;
}

/* Pending output for a file must not be written: the parent has written it by now, and
 * may have truncated it. Nor must fclose give back what was read ahead, as it does on
 * musl: the parent, which shares the offset, has gone on from there. */
static bool would_disturb_parent(const struct job *job)
{
    return job->may_be_in_file &&
           (__fpending(job->stream) > 0 || __freading(job->stream));
}

static void use_and_close(struct job *job)
{
    if (is_locked_for_ever(job->stream) || would_disturb_parent(job))
        return;
    if (lacks_its_descriptor(job)) {
        tally_missing();
        (void) fclose(job->stream);
        errno = 0;
        return;
    }
    bool is_private = job_is_private(job);
    read_by_another(job, is_private);
    if (is_private)
        change(job);
    (void) fclose(job->stream);
}

/* ---- Streams that nobody else is at work on ------------------------------------------
 */

static void work_and_close(struct job *job)
{
    bool goes_on = true;
    for (int i = 0; goes_on && i < STEPS; i++)
        goes_on = job_step(job);
    job_close(job, goes_on);
}

/* The parent waits. Afterwards it must find the bytes of a file unchanged. */
static void use_own(struct job *job)
{
    if (job_is_private(job)) {
        work_and_close(job);
        return;
    }
    job_check(job);
    job_close(job, job_write_and_undo(job));
}

static void use_new(const struct job *own, filelike_budget *budget)
{
    struct job job = {.kind = own->kind, .seed = ~own->seed, .random = own->random};
    if (job_open(&job, budget))
        work_and_close(&job);
}

/* ---- Processes -----------------------------------------------------------------------
 */

static void live(unsigned worker, filelike_budget *budget)
{
    job_process = "child";
    (void) alarm(SECONDS);
    for (unsigned i = 0; i < CHILD_WORKERS; i++) {
        struct job *other = atomic_load(&at_work[i]);
        if (i != worker && other != NULL)
            use_and_close(other);
    }
    struct job *own = atomic_load(&at_work[worker]);
    use_own(own);
    use_new(own, budget);
}

static void await(const struct job *own, pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        job_lose(own, "a child cannot be awaited");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        job_lose(own, "a child hangs");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != WELL)
        job_lose(own, "a child did not come to its end");
}

/* A path that leads to the bytes; NULL: none does. */
static const char *path_of(const struct job *job)
{
    if (filelike_in_memory(job->stream) != 0)
        return NULL;
    const char *path = filelike_path(job->stream);
    return path != NULL && access(path, F_OK) == 0 ? path : NULL;
}

void child_fork(unsigned worker, filelike_budget *budget)
{
    struct job *own = atomic_load(&at_work[worker]);
    const char *path = path_of(own);
    pid_t child = fork();
    if (child == 0) {
        live(worker, budget);
        _exit(WELL);
    }
    if (!job_done(own, child != -1))
        return;
    tally_child();
    await(own, child);
    if (path != NULL && access(path, F_OK) != 0)
        job_lose(own, "a child has taken a file away");
    job_check(own);
}
