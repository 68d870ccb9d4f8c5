/* Events in the middle of a call, from another thread, a signal handler or a forked
 * child, each at the one moment that matters. */
#include <config.h>

#include "expect.h"
#include "fault_calls.h"
#include "faults.h"
#include "filelike.h"
#include "heap.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- A cleanup within a cleanup ------------------------------------------------------
 */

/* As a signal handler would that ends the process. */
static enum fault clean_up_and_end(enum fault_call call)
{
    if (call != FAULT_FSTATAT)
        return FAULT_NONE;
    faults.strike = NULL;
    filelike_cleanup();
    _exit(EXIT_SUCCESS);
}

static int interrupt_cleanup(void *context)
{
    (void) context;
    EXPECT(filelike_named("w+", NULL) != NULL);
    faults.strike = clean_up_and_end;
    filelike_cleanup();
    return EXIT_FAILURE;
}

static void clean_up_within(void)
{
    expect_subject = "a cleanup that interrupts another";
    EXPECT(in_child(interrupt_cleanup, NULL) == EXIT_SUCCESS);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- A new file during a cleanup -----------------------------------------------------
 */

static sem_t looking;
static sem_t made;

static bool await(sem_t *event, time_t seconds)
{
    struct timespec time;
    (void) clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += seconds;
    return sem_timedwait(event, &time) == 0;
}

/* The cleanup has read an entry of the list and is about to look at its file. A thread
 * that gives the entry up waits for the cleanup, so the cleanup goes on after a while.
 * It must not remove the files that were made meanwhile. */
static enum fault linger_in_cleanup(enum fault_call call)
{
    if (call != FAULT_FSTATAT)
        return FAULT_NONE;
    faults.strike = NULL;
    EXPECT(sem_post(&looking) == 0);
    (void) await(&made, 1);
    return FAULT_NONE;
}

static void *clean_up(void *context)
{
    (void) context;
    filelike_cleanup();
    return NULL;
}

/* The new file gets the list entry of the old one. */
static FILE *discard_and_keep(FILE *unwanted)
{
    struct filelike_options options = {.flags = FILELIKE_KEEP};
    EXPECT(filelike_discard(unwanted) == 0 && fclose(unwanted) == 0);
    FILE *kept = filelike_named("w+", &options);
    EXPECT(kept != NULL && fputs("kept", kept) >= 0);
    return kept;
}

static void keep_during_cleanup(void)
{
    char path[4096];
    pthread_t thread;
    expect_subject = "a file that is kept, made while another thread cleans up";
    FILE *unwanted = filelike_named("w+", NULL);
    EXPECT(sem_init(&looking, 0, 0) == 0 && sem_init(&made, 0, 0) == 0);
    faults.strike = linger_in_cleanup;
    EXPECT(pthread_create(&thread, NULL, clean_up, NULL) == 0);
    EXPECT(await(&looking, 60));
    FILE *kept = discard_and_keep(unwanted);
    EXPECT(sem_post(&made) == 0 && pthread_join(thread, NULL) == 0);
    (void) snprintf(path, sizeof path, "%s", filelike_path(kept));
    EXPECT(fclose(kept) == 0);
    EXPECT(content(path) != NULL && strcmp(content(path), "kept") == 0);
    EXPECT(unlink(path) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- A cleanup while a rename is tried -----------------------------------------------
 */

static pthread_t cleaner;

/* The cleanup has read the entry. Then it fails to look at the file. */
static enum fault linger_and_fail(enum fault_call call)
{
    return call == FAULT_FSTATAT && linger_in_cleanup(call) == FAULT_NONE ? FAULT_FAILS
                                                                          : FAULT_NONE;
}

/* The first fstat of a new file prepares its removal. At the second one the removal is
 * armed, and the file is about to be renamed, to find out whether it can be. */
static enum fault clean_up_before_trial(enum fault_call call)
{
    static int fstats_left;
    if (call == FAULT_CREATE)
        fstats_left = 2;
    if (call != FAULT_FSTAT || --fstats_left != 0)
        return FAULT_NONE;
    faults.strike = linger_and_fail;
    EXPECT(pthread_create(&cleaner, NULL, clean_up, NULL) == 0);
    EXPECT(await(&looking, 60));
    return FAULT_NONE;
}

static void clean_up_during_trial(void)
{
    struct filelike_options options = {.flags = FILELIKE_NOREPLACE};
    expect_subject = "a file that is renamed while another thread cleans up";
    EXPECT(sem_init(&looking, 0, 0) == 0 && sem_init(&made, 0, 0) == 0);
    faults.tmpfile = EOPNOTSUPP;
    faults.strike = clean_up_before_trial;
    FILE *stream = filelike_atomic("target", NULL, &options);
    EXPECT(faults.strike == NULL);
    EXPECT(sem_post(&made) == 0 && pthread_join(cleaner, NULL) == 0);
    faults.tmpfile = 0;
    EXPECT(stream != NULL && filelike_discard(stream) == 0 && fclose(stream) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- A fork during a cleanup, or while a file is made ---------------------------------
 */

/* Whether the child was well, and did not hang. */
static bool fork_and_run(void (*body)(void))
{
    enum { CHILD_SECONDS = 20 };
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        (void) sigemptyset(&none);
        /* All signals are blocked while a file is made. */
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) alarm(CHILD_SECONDS);
        expect_failures = 0;
        body();
        _exit(expect_status());
    }
    return EXPECT(child != -1 && waitpid(child, &status, 0) == child) &&
           EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static FILE *held;

/* The file is the parent's. */
static void close_held(void)
{
    EXPECT(fclose(held) == 0);
}

static enum fault fork_and_close(enum fault_call call)
{
    if (call != FAULT_FSTATAT)
        return FAULT_NONE;
    faults.strike = NULL;
    (void) fork_and_run(close_held);
    return FAULT_NONE;
}

/* The cleanup has read the entry of a file. In the child it will never end. */
static void fork_during_cleanup(void)
{
    expect_subject = "a child that is forked during a cleanup";
    held = filelike_named("w+", NULL);
    EXPECT(held != NULL);
    faults.strike = fork_and_close;
    filelike_cleanup();
    EXPECT(faults.strike == NULL);
    EXPECT(fclose(held) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* A thread that waits for a file sleeps again and again, which this counts. */
static long sleeps(void)
{
    struct rusage usage;
    EXPECT(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_nvcsw;
}

/* No thread of the child makes that file. */
static void clean_up_without_waiting(void)
{
    enum { MOST = 100 };
    long before = sleeps();
    filelike_cleanup();
    EXPECT(sleeps() - before < MOST);
    FILE *stream = filelike_named("w+", NULL);
    EXPECT(stream != NULL && fclose(stream) == 0);
}

static enum fault fork_and_clean_up(enum fault_call call)
{
    if (call != FAULT_CREATE)
        return FAULT_NONE;
    faults.strike = NULL;
    (void) fork_and_run(clean_up_without_waiting);
    return FAULT_NONE;
}

static void fork_during_creation(void)
{
    expect_subject = "a child that is forked while a file is made";
    faults.strike = fork_and_clean_up;
    FILE *stream = filelike_named("w+", NULL);
    EXPECT(faults.strike == NULL);
    EXPECT(stream != NULL && fclose(stream) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- A fork while a file is moved to its target --------------------------------------
 */

static pid_t moving_child;

static enum fault fork_while_moving(enum fault_call call)
{
    int status = EXIT_FAILURE;
    if (call != FAULT_FSYNC)
        return FAULT_NONE;
    faults.strike = NULL;
    moving_child = fork();
    if (moving_child > 0)
        EXPECT(waitpid(moving_child, &status, 0) == moving_child && status == 0);
    return FAULT_NONE;
}

/* The child takes nothing back. Its parent goes on with the file, which has the target's
 * mode by now. */
static void fork_during_persist(void)
{
    expect_subject = "a child that is forked while a file is persisted";
    make_file("target", "old");
    EXPECT(chmod("target", 0604) == 0);
    FILE *stream = filelike_named("w+", NULL);
    EXPECT(stream != NULL && fputs("new", stream) >= 0);
    faults.strike = fork_while_moving;
    bool worked = filelike_persist(stream, "target", 0) == 0;
    if (moving_child == 0)
        _exit(!worked && errno == ECHILD ? EXIT_SUCCESS : EXIT_FAILURE);
    EXPECT(worked && mode_of("target") == 0604);
    EXPECT(strcmp(content("target"), "new") == 0);
    EXPECT(fclose(stream) == 0 && unlink("target") == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- A fork during a move to disk ----------------------------------------------------
 */

static FILE *sharing;
static int child_status;

/* The bytes have moved, but the streams do not know it yet. */
static void look_in_child(void)
{
    heap_before_free = NULL;
    pid_t child = fork();
    if (child == 0) {
        expect_failures = 0;
        int descriptor = filelike_fileno(sharing);
        EXPECT(filelike_in_memory(sharing) == 0 && descriptor != -1);
#if FILELIKE_GLIBC_INTERNALS
        EXPECT(fileno(sharing) == descriptor);
#endif
        _exit(expect_status());
    }
    EXPECT(child != -1 && waitpid(child, &child_status, 0) == child);
}

static void fork_during_move(void)
{
    expect_subject = "a child that is forked during a move to disk";
    FILE *stream = filelike_spooled("w+", NULL);
    EXPECT(fputs("bytes", stream) >= 0 && fflush(stream) == 0);
    sharing = filelike_reopen(stream, "r+");
    child_status = EXIT_FAILURE;
    heap_before_free = look_in_child;
    EXPECT(filelike_rollover(stream) == 0);
    EXPECT(heap_before_free == NULL && child_status == EXIT_SUCCESS);
    EXPECT(fclose(sharing) == 0 && fclose(stream) == 0);
}

/* ---- Others who write where a write is cut -------------------------------------------
 */

static int other_descriptor;

static const char line[] = "line\n";

/* The stream may share the offset. */
static void write_line(void)
{
    ssize_t size = (ssize_t) strlen(line);
    EXPECT(lseek(other_descriptor, 0, SEEK_END) != -1);
    EXPECT(write(other_descriptor, line, strlen(line)) == size);
}

/* The system takes a part of a write. Another writer stores a line before the next call,
 * and then the disk is full. */
static enum fault write_between(enum fault_call call)
{
    static enum { WHOLE, CUT, FULL } state;
    bool writes = call == FAULT_WRITE;
    if (state == WHOLE && writes) {
        state = CUT;
        return FAULT_SHORT;
    }
    if (state == CUT) {
        state = FULL;
        faults.strike = NULL;
        write_line();
        faults.strike = write_between;
    }
    if (state != FULL || !writes)
        return FAULT_NONE;
    state = WHOLE;
    faults.strike = NULL;
    errno = ENOSPC;
    return FAULT_FAILS;
}

static void check_last_line(void)
{
    char last[sizeof line] = "";
    off_t end = lseek(other_descriptor, 0, SEEK_END);
    EXPECT(pread(other_descriptor, last, strlen(line), end - (off_t) strlen(line)) > 0);
    EXPECT(strcmp(last, line) == 0);
}

static void write_beside_others(FILE *stream)
{
    faults.strike = write_between;
    EXPECT(fwrite("0123456789", 1, 10, stream) < 10 || fflush(stream) != 0);
    EXPECT(faults.strike == NULL);
}

static void keep_what_others_wrote(const char *mode)
{
    struct filelike_options options = {.buffer_size = 1};
    FILE *stream = filelike_named(mode, &options);
    other_descriptor = open(filelike_path(stream), O_RDWR | O_CLOEXEC);
    EXPECT(other_descriptor != -1);
    write_beside_others(stream);
    check_last_line();
    EXPECT(close(other_descriptor) == 0);
    (void) fclose(stream);
}

/* The offset, too, belongs to all processes that share the descriptor. */
static void stay_where_others_went(void)
{
    FILE *stream = filelike_named("w+", NULL);
    expect_subject = "where others have gone while a write is cut";
    other_descriptor = filelike_fileno(stream);
    write_beside_others(stream);
    off_t offset = lseek(other_descriptor, 0, SEEK_CUR);
    EXPECT(offset == lseek(other_descriptor, 0, SEEK_END));
    check_last_line();
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
}

static void keep_others(void)
{
    expect_subject = "what others write where a write is cut";
    keep_what_others_wrote("w+");
    expect_subject = "what others append where an append is cut";
    keep_what_others_wrote("a+");
    stay_where_others_went();
}

/* ---- A name that changes while it is renamed to a path -------------------------------
 */

static void change_name(void)
{
    EXPECT(filelike_rename("memory:other", "memory:name") == 0);
}

static void make_name(const char *path)
{
    FILE *stream = filelike_fopen(path, "w");
    EXPECT(stream != NULL && fputs(path, stream) >= 0 && fclose(stream) == 0);
}

/* Only the bytes that were renamed lose their name. */
static void rename_while_the_name_changes(void)
{
    char text[sizeof "memory:other"] = "";
    expect_subject = "a name that gets other bytes while it is renamed";
    make_name("memory:name");
    make_name("memory:other");
    faults.meanwhile = change_name;
    EXPECT(filelike_rename("memory:name", "renamed") == 0);
    faults.meanwhile = NULL;
    EXPECT(strcmp(content("renamed"), "memory:name") == 0 && unlink("renamed") == 0);
    FILE *stream = filelike_fopen("memory:name", "r");
    EXPECT(stream != NULL && fgets(text, sizeof text, stream) != NULL);
    EXPECT(strcmp(text, "memory:other") == 0);
    EXPECT(stream != NULL && fclose(stream) == 0);
    EXPECT(filelike_remove("memory:name") == 0);
}

/* ---- A target that another process removes, replaces or makes ------------------------
 */

static void make_old(const char *path)
{
    FILE *file = fopen(path, "w");
    EXPECT(file != NULL && fputs("old ", file) >= 0 && fclose(file) == 0);
}

static void make_target(void)
{
    make_old("target");
}

static void remove_target(void)
{
    EXPECT(unlink("target") == 0);
}

static void replace_target(void)
{
    make_old("other");
    EXPECT(rename("other", "target") == 0);
}

static void leave_no_target(void)
{
    (void) unlink("target");
}

static const struct event {
    const char *name;
    void (*before)(void);
    void (*happens)(void);
} events[] = {
    {"a target that is removed meanwhile", make_target, remove_target},
    {"a target that is replaced meanwhile", make_target, replace_target},
    {"a target that is made meanwhile", leave_no_target, make_target},
};

static const struct event *event;
static unsigned calls_until_event;

static enum fault let_event_happen(enum fault_call call)
{
    (void) call;
    if (calls_until_event-- > 0)
        return FAULT_NONE;
    faults.strike = NULL;
    event->happens();
    return FAULT_NONE;
}

static void publish_new(const char *mode)
{
    FILE *stream = filelike_atomic("target", mode, NULL);
    if (stream == NULL && mode[0] == 'r' && errno == ENOENT)
        return;
    if (EXPECT(stream != NULL))
        EXPECT(fputs("new", stream) >= 0 && fclose(stream) == 0);
}

static void persist_new(const char *mode)
{
    FILE *stream = filelike_temporary(mode, NULL);
    EXPECT(stream != NULL && fputs("new", stream) >= 0);
    EXPECT(filelike_persist(stream, "target", 0) == 0 && fclose(stream) == 0);
}

/* Before each call that the library makes. */
static void put_meanwhile(void (*put)(const char *), const char *mode)
{
    enum { MOST_CALLS = 200 };
    unsigned before = 0;
    do {
        event->before();
        calls_until_event = before++;
        faults.strike = let_event_happen;
        put(mode);
    } while (faults.strike == NULL && EXPECT(before < MOST_CALLS));
    faults.strike = NULL;
    leave_no_target();
}

static void change_target_meanwhile(void)
{
    static const char *const modes[] = {"w", "a", "r+"};
    for (size_t i = 0; i < 2 * sizeof events / sizeof *events; i++) {
        event = &events[i / 2];
        expect_subject = event->name;
        faults.no_proc = faults.no_empty_path = i % 2 != 0;
        for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++)
            put_meanwhile(publish_new, modes[mode]);
        put_meanwhile(persist_new, "w+");
    }
    faults = (struct faults){0};
}

/* ---- Output while it is redirected ---------------------------------------------------
 */

static FILE *printed_to;

/* Another thread prints between the two flushes of a redirection. */
static enum fault print_meanwhile(enum fault_call call)
{
    if (call != FAULT_MEMFD_CREATE)
        return FAULT_NONE;
    faults.strike = NULL;
    EXPECT(putc('x', printed_to) == 'x');
    return FAULT_NONE;
}

static void print_while_redirecting(void)
{
    char before[4096];
    expect_subject = "output that is lost while it is redirected";
    printed_to = fopen("/dev/full", "we");
    FILE *stream = filelike_memory("w+", NULL);
    (void) snprintf(before, sizeof before, "%s", descriptors());
    faults.strike = print_meanwhile;
    EXPECT_FAILS(filelike_redirect(printed_to, stream), -1, ENOSPC);
    EXPECT(faults.strike == NULL);
    EXPECT_FAILS(filelike_restore(printed_to), -1, EINVAL);
    EXPECT(filelike_size(stream) == 0 && fclose(stream) == 0);
    EXPECT(strcmp(before, descriptors()) == 0);
    (void) fclose(printed_to);
}

/* ---- A signal while a file is put in place --------------------------------------------
 */

static bool signals_are_held;

static enum fault look_at_signals(enum fault_call call)
{
    sigset_t blocked;
    if (call != FAULT_RENAMEAT && call != FAULT_RENAMEAT2)
        return FAULT_NONE;
    faults.strike = NULL;
    signals_are_held = sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
                       sigismember(&blocked, SIGALRM) == 1 &&
                       sigismember(&blocked, SIGTERM) == 1;
    return FAULT_NONE;
}

/* A child of the handler would go on with the parent's work and put its file in place. */
static void hold_signals(FILE *stream, int (*publish)(FILE *))
{
    signals_are_held = false;
    faults.strike = look_at_signals;
    EXPECT(publish(stream) == 0);
    EXPECT(faults.strike == NULL && signals_are_held);
    faults.strike = NULL;
}

static int persist(FILE *stream)
{
    return filelike_persist(stream, "held", FILELIKE_NOSYNC);
}

static void hold_signals_while_publishing(void)
{
    expect_subject = "signals while a file is put in place";
    make_file("held", "old");
    hold_signals(filelike_atomic("held", "w", NULL), fclose);
    FILE *memory = filelike_memory("w+", NULL);
    hold_signals(memory, persist);
    EXPECT(fclose(memory) == 0 && unlink("held") == 0);
}

/* ---- The end of a child, whose parent may have been in malloc -------------------------
 */

/* gcov, which measures coverage, allocates at exit. */
#ifdef COVERAGE_H
enum { EXIT_MAY_ALLOCATE = true };
#else
enum { EXIT_MAY_ALLOCATE = false };
#endif

static void end_badly(void)
{
    _exit(EXIT_FAILURE);
}

static int end_with_pending_output(void *context)
{
    if (!EXIT_MAY_ALLOCATE)
        heap_meanwhile = heap_before_free = end_badly;
    return *(const int *) context;
}

/* stdio writes the pending bytes at exit. They would need a larger block. */
static void end_without_allocating(void)
{
    enum { PENDING = 1000 };
    int status = EXIT_SUCCESS;
    expect_subject = "the end of a child with output for memory";
    FILE *stream = filelike_memory("w+", NULL);
    EXPECT(putc('x', stream) == 'x' && fflush(stream) == 0);
    for (int i = 0; i < PENDING; i++)
        EXPECT(putc('x', stream) == 'x');
    EXPECT(in_child(end_with_pending_output, &status) == EXIT_SUCCESS);
    EXPECT(fclose(stream) == 0);
}

/* ---- All -----------------------------------------------------------------------------
 */

int main(void)
{
    if (!heap_is_wrapped())
        return SKIPPED;
    scratch_enter();
    end_without_allocating(); /* first, while there is one thread */
    hold_signals_while_publishing();
    clean_up_within();
    keep_during_cleanup();
    clean_up_during_trial();
    fork_during_cleanup();
    fork_during_creation();
    fork_during_persist();
    fork_during_move();
    keep_others();
    rename_while_the_name_changes();
    change_target_meanwhile();
    print_while_redirecting();
    scratch_leave();
    return expect_status();
}
