/* fork while other threads are inside every kind of call: no child hangs or crashes,
 * whether it ends by exit at once or uses and closes first what its parent's threads were
 * just using.
 *
 * usage: scenario_fork_threads [FORKS] */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "sanitized.h"
#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { USUAL_FORKS = 1000, CHILD_SECONDS = 60, THREADS = 4, BLOCK = 5000 };

static char block[BLOCK];
static filelike_budget *budget;

/* ---- Streams, some for each thread ---------------------------------------------------
 */

static FILE *open_memory(void)
{
    return filelike_memory("w+", NULL);
}

static FILE *open_on_budget(void)
{
    struct filelike_options options = {.budget = budget};
    return filelike_spooled("w+", &options);
}

static FILE *open_spooled(void)
{
    struct filelike_options options = {.memory_limit = BLOCK};
    return filelike_spooled("w+", &options);
}

static FILE *open_named(void)
{
    return filelike_named("w+", NULL);
}

static FILE *open_watched(void)
{
    struct filelike_options options = {.size_limit = INT64_MAX};
    return filelike_temporary("w+", &options);
}

static FILE *open_native(void)
{
    return filelike_temporary("w+", NULL);
}

static FILE *open_atomic(void)
{
    return filelike_atomic("target", "w+", NULL);
}

static FILE *open_by_name(void)
{
    return filelike_fopen("memory:name", "a+");
}

static FILE *(*const openers[])(void) = {open_memory, open_on_budget, open_spooled,
    open_named, open_watched, open_native, open_atomic, open_by_name};

enum { ATOMIC = 6 };

static FILE *streams[THREADS][COUNT(openers)];

/* ---- What the threads do -------------------------------------------------------------
 */

static unsigned draw(unsigned *state, unsigned below)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 16) % below;
}

static void write_bytes(FILE *stream, unsigned *state)
{
    (void) fseeko(stream, 0, SEEK_END);
    (void) fwrite(block, 1, draw(state, BLOCK), stream);
    (void) fflush(stream);
}

static void read_bytes(FILE *stream, unsigned *state)
{
    char bytes[BLOCK];
    (void) fseeko(stream, draw(state, BLOCK), SEEK_SET);
    size_t ignored = fread(bytes, 1, sizeof bytes, stream);
    (void) ignored;
}

static void cut(FILE *stream, unsigned *state)
{
    (void) filelike_truncate(stream, draw(state, 4 * BLOCK));
}

static void detach(FILE *stream, unsigned *state)
{
    (void) state;
    free(filelike_detach(stream, NULL));
}

static void ask(FILE *stream, unsigned *state)
{
    (void) state;
    (void) filelike_size(stream);
    (void) filelike_in_memory(stream);
    (void) filelike_error(stream);
    (void) filelike_view(stream, NULL);
}

static void ask_for_descriptor(FILE *stream, unsigned *state)
{
    (void) state;
    (void) filelike_rollover(stream);
    (void) filelike_fileno(stream);
    (void) filelike_path(stream);
}

static void reopen(FILE *stream, unsigned *state)
{
    FILE *second = filelike_reopen(stream, "r");
    FILE *part = filelike_section(stream, draw(state, BLOCK), -1);
    if (EXPECT(second != NULL && part != NULL)) {
        (void) getc(second);
        (void) getc(part);
        EXPECT(fclose(second) == 0 && fclose(part) == 0);
    }
}

static void persist(FILE *stream, unsigned *state)
{
    (void) state;
    FILE *other = filelike_reopen(stream, "r");
    int status = filelike_persist(other, "copy", FILELIKE_NOSYNC);
    EXPECT(status == 0 && fclose(other) == 0);
}

static void open_another(FILE *stream, unsigned *state)
{
    (void) stream;
    FILE *another = openers[draw(state, COUNT(openers))]();
    if (EXPECT(another != NULL)) {
        write_bytes(another, state);
        EXPECT(fclose(another) == 0);
    }
}

static void forget_name(FILE *stream, unsigned *state)
{
    (void) stream;
    (void) state;
    (void) filelike_remove("memory:name");
}

typedef void act(FILE *stream, unsigned *state);

static act *const acts[] = {write_bytes, write_bytes, read_bytes, cut, detach, ask,
    ask_for_descriptor, reopen, persist, open_another, open_another, forget_name};

static atomic_bool goes_on = true;

static void *work(void *context)
{
    FILE **own = context;
    unsigned state = 1 + (unsigned) (own - streams[0]);
    while (atomic_load(&goes_on)) {
        FILE *stream = own[draw(&state, COUNT(openers))];
        acts[draw(&state, COUNT(acts))](stream, &state);
    }
    return NULL;
}

/* ---- What the children do ------------------------------------------------------------
 */

static void close_parents(FILE *stream, bool is_atomic)
{
    if (is_atomic)
        EXPECT_FAILS(fclose(stream), EOF, ECHILD);
    else
        (void) fclose(stream);
}

static void use_and_close_all(void)
{
    unsigned state = 1;
    for (size_t i = 0; i < COUNT(streams); i++) {
        for (size_t kind = 0; kind < COUNT(openers); kind++) {
            FILE *stream = streams[i][kind];
            clearerr(stream);
            write_bytes(stream, &state);
            read_bytes(stream, &state);
            cut(stream, &state);
            ask(stream, &state);
            close_parents(stream, kind == ATOMIC);
        }
    }
    open_another(NULL, &state);
    forget_name(NULL, &state);
}

static unsigned forks;

static void be_child(void)
{
    expect_failures = 0;
    filelike_cleanup();
    (void) alarm(CHILD_SECONDS);
    if (forks % 3 == 0)
        use_and_close_all();
    if (forks % 3 == 1)
        open_another(NULL, &forks);
    exit(expect_status());
}

static void fork_once(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        be_child();
    EXPECT(child != -1 && waitpid(child, &status, 0) == child);
    EXPECT(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM);
    EXPECT(!WIFSIGNALED(status));
    EXPECT(!WIFEXITED(status) || WEXITSTATUS(status) == EXIT_SUCCESS);
}

/* ---- All -----------------------------------------------------------------------------
 */

static void open_all(void)
{
    for (size_t i = 0; i < COUNT(streams); i++) {
        for (size_t kind = 0; kind < COUNT(openers); kind++)
            EXPECT((streams[i][kind] = openers[kind]()) != NULL);
    }
}

static void close_all(void)
{
    for (size_t i = 0; i < COUNT(streams); i++) {
        for (size_t kind = 0; kind < COUNT(openers); kind++)
            EXPECT(fclose(streams[i][kind]) == 0);
    }
}

static void fork_beside_threads(unsigned wanted)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, work, streams[i]) == 0);
    for (forks = 0; forks < wanted && expect_failures == 0; forks++)
        fork_once();
    atomic_store(&goes_on, false);
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
    expect_subject = "fork beside threads";
#ifndef __GLIBC__
    say_skipped(expect_subject, "musl's fork leaves streams in use locked in the child");
    return SKIPPED;
#endif
    if (SANITIZED) {
        say_skipped(
            expect_subject, "a sanitizer's malloc is locked for ever in the child");
        return SKIPPED;
    }
    memset(block, 'x', sizeof block);
    scratch_enter();
    budget = filelike_budget_new(THREADS * BLOCK);
    open_all();
    fork_beside_threads(argc > 1 ? (unsigned) atoi(argv[1]) : USUAL_FORKS);
    close_all();
    EXPECT(filelike_remove("memory:name") == 0 || errno == ENOENT);
    EXPECT(filelike_budget_used(budget) == 0);
    filelike_budget_free(budget);
    scratch_leave();
    return expect_status();
}
