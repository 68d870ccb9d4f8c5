/* The end of a process: what handlers of atexit may still do, what comes too late, and
 * that no file keeps its name while other threads go on. The program is linked such that
 * its destructors and the library's are in one list. */
#include <config.h>

#include "expect.h"
#include "faults.h"
#include "filelike.h"
#include "next_call.h"
#include "sanitized.h"
#include "scratch.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Too late ------------------------------------------------------------------------
 */

static struct {
    FILE *memory;
    FILE *named;
    FILE *atomic;
    const char *path; /* of NAMED */
} late;

static void try_late(void)
{
    EXPECT(access(late.path, F_OK) != 0);
    EXPECT_FAILS(filelike_named("w+", NULL), NULL, ECANCELED);
    EXPECT_FAILS(filelike_atomic("late", "w", NULL), NULL, ECANCELED);
    EXPECT_FAILS(filelike_atomic("old", "r+", NULL), NULL, ECANCELED);
    EXPECT_FAILS(filelike_persist(late.memory, "late", 0), -1, ECANCELED);
    EXPECT_FAILS(filelike_persist(late.named, "late", 0), -1, ECANCELED);
    EXPECT_FAILS(filelike_persist(late.named, "link", 0), -1, ECANCELED);
    EXPECT(unlink("link") == 0);
    EXPECT(fputs("more", late.atomic) >= 0);
    EXPECT_FAILS(fclose(late.atomic), EOF, ECANCELED);
    EXPECT(fclose(late.named) == 0);
    EXPECT(strcmp(content("old"), "old") == 0);
    EXPECT(strcmp(entries("."), "old") == 0);
}

/* Without O_TMPFILE a nameless file has a name for a moment. It could keep that name, so
 * it is refused, too. */
static void try_nameless_late(void)
{
    struct filelike_options options = {.memory_limit = 4};
    FILE *spooled = filelike_spooled("w+", &options);
    EXPECT(fputs("1234", spooled) >= 0 && fflush(spooled) == 0);
    faults.tmpfile = EOPNOTSUPP;
    EXPECT_FAILS(filelike_temporary("w+", NULL), NULL, ECANCELED);
    EXPECT_FAILS(filelike_rollover(spooled), -1, ECANCELED);
    EXPECT(fputs("5", spooled) >= 0);
    EXPECT_FAILS(fflush(spooled), EOF, ECANCELED);
    EXPECT(filelike_size(spooled) == 4);
    faults.tmpfile = 0;
    FILE *temporary = filelike_temporary("w+", NULL);
    EXPECT(temporary != NULL || errno == ECANCELED);
    EXPECT_FAILS(fclose(spooled), EOF, ECANCELED);
    EXPECT(temporary == NULL || fclose(temporary) == 0);
    EXPECT(strcmp(entries("."), "old") == 0);
}

/* Streams that need no file with a name work as always. */
static void use_memory_late(void)
{
    EXPECT(fputs("late", late.memory) >= 0 && filelike_size(late.memory) == 8);
    FILE *another = filelike_reopen(late.memory, "r");
    EXPECT(another != NULL && getc(another) == 'm' && fclose(another) == 0);
    EXPECT(fclose(late.memory) == 0);
}

/* ---- The end of a child --------------------------------------------------------------
 */

static struct {
    FILE *memory;
    FILE *fixed;
    FILE *reader;
    int descriptor; /* of READER */
    char block[8];  /* of FIXED */
    bool ends;
} inherited;

/* As stdio does at exit, but where the result can be seen. Nobody reads the memory any
 * more, and the parent goes on reading at the same offset. */
static void end_child(void)
{
    expect_subject = "the end of a child";
    off_t offset = lseek(inherited.descriptor, 0, SEEK_CUR);
    EXPECT(fflush(inherited.memory) == 0 && filelike_size(inherited.memory) == 1);
    EXPECT(fflush(inherited.fixed) == 0 && strcmp(inherited.block, "fixed") == 0);
    EXPECT(fflush(inherited.reader) == 0);
    EXPECT(lseek(inherited.descriptor, 0, SEEK_CUR) == offset);
    _exit(expect_status());
}

static int end_as_child(void *context)
{
    (void) context;
    inherited.ends = true;
    return EXIT_SUCCESS;
}

static int have_child(void *context)
{
    (void) context;
    inherited.memory = filelike_memory("w+", NULL);
    inherited.fixed =
        filelike_fixed(inherited.block, sizeof inherited.block, 0, "w", NULL);
    inherited.reader = filelike_named("w+", NULL);
    inherited.descriptor = filelike_fileno(inherited.reader);
    EXPECT(putc('1', inherited.memory) == '1' && fflush(inherited.memory) == 0);
    EXPECT(fputs("234", inherited.memory) >= 0 && fputs("fixed", inherited.fixed) >= 0);
    EXPECT(fputs("1\n2\n", inherited.reader) >= 0);
    rewind(inherited.reader);
    EXPECT(getc(inherited.reader) == '1');
    EXPECT(in_child(end_as_child, NULL) == EXIT_SUCCESS);
    EXPECT(getc(inherited.reader) == '\n' && getc(inherited.reader) == '2');
    EXPECT(filelike_size(inherited.memory) == 4);
    EXPECT(fclose(inherited.memory) == 0 && fclose(inherited.fixed) == 0);
    EXPECT(fclose(inherited.reader) == 0);
    return expect_status();
}

/* ---- Destructors ---------------------------------------------------------------------
 */

/* Those with a priority run after the library's, which has none. */
__attribute__((destructor(101))) static void end_late(void)
{
    if (inherited.ends)
        end_child();
    if (late.memory == NULL)
        return;
    expect_subject = "after the end has begun";
    try_late();
    try_nameless_late();
    use_memory_late();
    _exit(expect_status());
}

static int end_with_streams(void *context)
{
    (void) context;
    make_file("old", "old");
    late.memory = filelike_memory("w+", NULL);
    late.named = filelike_named("w+", NULL);
    late.path = filelike_path(late.named);
    EXPECT(link(late.path, "link") == 0);
    late.atomic = filelike_atomic("old", "r+", NULL);
    EXPECT(fputs("more", late.memory) >= 0);
    exit(EXIT_SUCCESS);
}

/* ---- In the middle of an opening -----------------------------------------------------
 */

static _Thread_local int releases_left; /* of signals, until the thread waits; 0: never */
static sem_t may_end;
static sem_t has_ended;
static pthread_t opener;
static bool has_opener;

/* The library holds signals during each step that must not be interrupted. */
#define CALLS(DO) DO(pthread_sigmask)
CALLS(DECLARE_NEXT)

__attribute__((constructor)) static void find_next_calls(void)
{
    CALLS(FIND_NEXT)
}

__attribute__((visibility("default"))) int pthread_sigmask(
    int how, const sigset_t *signals, sigset_t *before)
{
    int result = NEXT(pthread_sigmask)(how, signals, before);
    if (before == NULL && releases_left > 0 && --releases_left == 0)
        EXPECT(sem_post(&may_end) == 0 && sem_wait(&has_ended) == 0);
    return result;
}

/* Makes a file with a hidden name, prepares to give it another one, and tries that. */
static void *open_for_new(void *context)
{
    struct filelike_options options = {.flags = FILELIKE_NOREPLACE};
    releases_left = *(int *) context;
    EXPECT_FAILS(filelike_atomic("late", "w", &options), NULL, ECANCELED);
    EXPECT(strcmp(entries("."), "") == 0);
    return NULL;
}

/* After the library's destructor. */
__attribute__((destructor(102))) static void end_opener(void)
{
    if (!has_opener)
        return;
    EXPECT(sem_post(&has_ended) == 0 && pthread_join(opener, NULL) == 0);
    _exit(expect_status());
}

static int end_within_opening(void *context)
{
    faults.tmpfile = EOPNOTSUPP;
    EXPECT(sem_init(&may_end, 0, 0) == 0 && sem_init(&has_ended, 0, 0) == 0);
    EXPECT(pthread_create(&opener, NULL, open_for_new, context) == 0);
    EXPECT(sem_wait(&may_end) == 0);
    has_opener = true;
    return EXIT_FAILURE;
}

static void end_between_steps(void)
{
    enum { STEPS = 2 };
    expect_subject = "the end within an opening";
    for (int step = 1; step <= STEPS; step++)
        EXPECT(in_child(end_within_opening, &step) == EXIT_SUCCESS);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- Not too late --------------------------------------------------------------------
 */

static void save(const char *path)
{
    FILE *stream = filelike_atomic(path, "w", NULL);
    EXPECT(stream != NULL && fputs(path, stream) >= 0 && fclose(stream) == 0);
    EXPECT(filelike_named("w", NULL) != NULL);
    stream = filelike_memory("w", NULL);
    EXPECT(filelike_persist(stream, path, 0) == 0);
}

static void save_in_first(void)
{
    save("first");
    if (expect_failures > 0)
        _exit(EXIT_FAILURE);
}

static void save_in_last(void)
{
    save("last");
}

/* Handlers that were registered before the library's first use, and after it. */
static int save_at_exit(void *context)
{
    (void) context;
    EXPECT(atexit(save_in_first) == 0);
    FILE *stream = filelike_named("w", NULL);
    EXPECT(stream != NULL);
    EXPECT(atexit(save_in_last) == 0);
    filelike_cleanup();
    save("meanwhile");
    return EXIT_SUCCESS;
}

/* ---- Threads that go on --------------------------------------------------------------
 */

static void *make_files(void *context)
{
    struct filelike_options hasty = {.flags = FILELIKE_NOSYNC};
    for (;;) {
        FILE *named = filelike_named("w", NULL);
        FILE *atomic = filelike_atomic(context, "w", &hasty);
        if (named != NULL)
            (void) fclose(named);
        if (atomic != NULL)
            (void) fclose(atomic);
    }
    return NULL;
}

static int end_beside_threads(void *context)
{
    static char targets[][8] = {"target", "another", "third"};
    const unsigned *microseconds = context;
    pthread_t thread;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        EXPECT(pthread_create(&thread, NULL, make_files, targets[i]) == 0);
    (void) usleep(*microseconds);
    return EXIT_SUCCESS;
}

static bool is_target(const char *name)
{
    return strcmp(name, "target") == 0 || strcmp(name, "another") == 0 ||
           strcmp(name, "third") == 0;
}

static void remove_entries(void)
{
    char *names = strdup(entries("."));
    for (char *name = strtok(names, " "); name != NULL; name = strtok(NULL, " ")) {
        if (!EXPECT(is_target(name)))
            (void) fprintf(stderr, "%s was left\n", name);
        EXPECT(unlink(name) == 0);
    }
    free(names);
}

/* The C library decides about streams that other threads are closing at exit. So the
 * exit status is not checked. */
static void end_many_times(void)
{
    enum { EXITS = 100, SHORTEST = 1000 };
    expect_subject = "exit beside threads that make files";
    for (unsigned i = 0; i < EXITS; i++) {
        unsigned microseconds = SHORTEST + i * 37;
        (void) in_child(end_beside_threads, &microseconds);
        remove_entries();
    }
}

/* ---- All -----------------------------------------------------------------------------
 */

int main(void)
{
    scratch_enter();
    expect_subject = "at exit";
    EXPECT(in_child(save_at_exit, NULL) == EXIT_SUCCESS);
    EXPECT(strcmp(entries("."), "first last meanwhile") == 0);
    EXPECT(unlink("first") == 0 && unlink("last") == 0 && unlink("meanwhile") == 0);
    EXPECT(in_child(have_child, NULL) == EXIT_SUCCESS);
    EXPECT(in_child(end_with_streams, NULL) == EXIT_SUCCESS);
    EXPECT(unlink("old") == 0);
    end_between_steps();
    if (SANITIZED)
        say_skipped("exit beside threads", "the sanitizers report glibc's own race");
    else
        end_many_times();
    scratch_leave();
    return expect_status();
}
