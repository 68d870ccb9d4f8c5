/* When glibc locks a stream. A stream of the library must lock exactly if one that fopen
 * opens at that moment would. That depends on the threads that the process has ever had,
 * so each history runs in a process of its own. */
#include <config.h>

#include "suite.h"

#include <stdlib.h>

#if FILELIKE_GLIBC_INTERNALS

#include <pthread.h>
#include <stdio_ext.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEED_LOCK 0x80

static bool locks(const FILE *stream)
{
    return (stream->_flags2 & NEED_LOCK) != 0;
}

/* ---- A process of its own ------------------------------------------------------------
 */

/* Check does not work in that process. stderr may be closed, so report is a copy of it.
 */
static int report = STDERR_FILENO;
static bool sound = true;

static void expect(bool condition, const char *what, const char *when)
{
    if (condition)
        return;
    (void) dprintf(report, "%s %s\n", what, when);
    sound = false;
}

static void check_in_new_process(
    void (*live)(const struct kind *kind), const struct kind *kind)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        report = dup(STDERR_FILENO);
        live(kind);
        kinds_clean_up();
        _exit(sound ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == EXIT_SUCCESS, "see the lines above");
}

static void close_standard_streams(void)
{
    (void) fclose(stdin);
    (void) fclose(stdout);
    (void) fclose(stderr);
}

/* ---- Histories -----------------------------------------------------------------------
 */

static void expect_as_fresh(FILE *stream, const char *which, const char *when)
{
    FILE *fresh = fopen("/dev/null", "r");
    expect(fresh != NULL && stream != NULL, "no stream to look at", when);
    if (fresh != NULL && stream != NULL)
        expect(locks(fresh) == locks(stream), which, when);
    if (fresh != NULL)
        (void) fclose(fresh);
}

static FILE *open_and_expect(const struct kind *kind, const char *when)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    expect_as_fresh(stream, "a new stream does not lock like a new one of fopen's", when);
    return stream;
}

struct lives {
    const struct kind *kind;
    FILE *older;
};

static void expect_both(const struct lives *lives, const char *when)
{
    expect_as_fresh(
        lives->older, "an old stream does not lock like a new one of fopen's", when);
    FILE *stream = open_and_expect(lives->kind, when);
    if (stream != NULL)
        (void) fclose(stream);
}

static void *run_thread(void *lives)
{
    expect_both(lives, "while the first thread runs");
    return NULL;
}

static void start_and_join(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    expect(pthread_create(&thread, NULL, run, argument) == 0, "no thread", "starts");
    expect(pthread_join(thread, NULL) == 0, "no thread", "ends");
}

static void open_then_start_a_thread(const struct kind *kind)
{
    struct lives lives = {kind, open_and_expect(kind, "before any thread")};
    start_and_join(run_thread, &lives);
    expect_both(&lives, "after the first thread");
    start_and_join(run_thread, &lives);
    expect_both(&lives, "after the second thread");
    (void) fclose(lives.older);
}

static void *run_nothing(void *argument)
{
    return argument;
}

static void start_a_thread_then_open(const struct kind *kind)
{
    start_and_join(run_nothing, NULL);
    struct lives lives = {kind, open_and_expect(kind, "after the first thread")};
    expect_both(&lives, "after the first thread");
    (void) fclose(lives.older);
}

START_TEST(opened_before_any_thread)
{
    check_in_new_process(open_then_start_a_thread, &kinds[_i]);
}
END_TEST

START_TEST(opened_after_a_thread)
{
    check_in_new_process(start_a_thread_then_open, &kinds[_i]);
}
END_TEST

static void close_standard_streams_and_open(const struct kind *kind)
{
    close_standard_streams();
    open_then_start_a_thread(kind);
}

static void close_standard_streams_and_start(const struct kind *kind)
{
    close_standard_streams();
    start_a_thread_then_open(kind);
}

START_TEST(without_standard_streams)
{
    check_in_new_process(close_standard_streams_and_open, &kinds[_i]);
    check_in_new_process(close_standard_streams_and_start, &kinds[_i]);
}
END_TEST

/* ---- The library's own calls ---------------------------------------------------------
 */

static void call_size(FILE *stream)
{
    (void) filelike_size(stream);
}

static void call_view(FILE *stream)
{
    (void) filelike_view(stream, NULL);
}

static void call_detach(FILE *stream)
{
    free(filelike_detach(stream, NULL));
}

static void call_truncate(FILE *stream)
{
    (void) filelike_truncate(stream, 2);
}

static void call_truncate_badly(FILE *stream)
{
    (void) filelike_truncate(stream, -1);
}

static void call_in_memory(FILE *stream)
{
    (void) filelike_in_memory(stream);
}

static void call_error(FILE *stream)
{
    (void) filelike_error(stream);
}

static void call_reopen(FILE *stream)
{
    FILE *other = filelike_reopen(stream, "r");
    if (other != NULL)
        (void) fclose(other);
}

static void call_keep(FILE *stream)
{
    (void) filelike_keep(stream);
}

static void call_discard(FILE *stream)
{
    (void) filelike_discard(stream);
}

static void call_rollover(FILE *stream)
{
    (void) filelike_rollover(stream);
}

static void call_fileno(FILE *stream)
{
    (void) filelike_fileno(stream);
}

static void call_path(FILE *stream)
{
    (void) filelike_path(stream);
}

static void call_persist(FILE *stream)
{
    ck_assert_int_eq(filelike_persist(stream, "/nonexistent/directory/file", 0), -1);
}

static const struct {
    const char *name;
    void (*call)(FILE *stream);
} calls[] = {
    {"filelike_size", call_size},
    {"filelike_view", call_view},
    {"filelike_detach", call_detach},
    {"filelike_truncate", call_truncate},
    {"filelike_truncate with EINVAL", call_truncate_badly},
    {"filelike_in_memory", call_in_memory},
    {"filelike_error", call_error},
    {"filelike_reopen", call_reopen},
    {"filelike_keep", call_keep},
    {"filelike_discard", call_discard},
    {"filelike_rollover", call_rollover},
    {"filelike_fileno", call_fileno},
    {"filelike_path", call_path},
    {"filelike_persist", call_persist},
};

/* On a stream with output pending. */
static void make_all_calls(const struct kind *kind, const char *when)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    for (size_t i = 0; i < COUNT(calls); i++) {
        bool before = locks(stream);
        (void) putc('x', stream);
        calls[i].call(stream);
        expect(locks(stream) == before, calls[i].name, when);
    }
    (void) fclose(stream);
}

static void call_before_and_after_threads(const struct kind *kind)
{
    make_all_calls(kind, "changes the lock before any thread");
    start_and_join(run_nothing, NULL);
    make_all_calls(kind, "changes the lock after the first thread");
}

START_TEST(calls_leave_the_lock)
{
    check_in_new_process(call_before_and_after_threads, &kinds[_i]);
}
END_TEST

/* ---- FILELIKE_UNLOCKED ---------------------------------------------------------------
 */

static void expect_unlocked(const struct kind *kind, const char *when)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    for (size_t i = 0; i < COUNT(calls); i++) {
        calls[i].call(stream);
        expect(__fsetlocking(stream, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER,
            calls[i].name, when);
    }
    (void) fclose(stream);
}

static void live_unlocked(const struct kind *kind)
{
    expect_unlocked(kind, "makes the stream lock, before any thread");
    start_and_join(run_nothing, NULL);
    expect_unlocked(kind, "makes the stream lock, after the first thread");
}

START_TEST(unlocked_stays_unlocked)
{
    check_in_new_process(live_unlocked, &kinds[_i]);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    if (kinds[kind].options.flags & FILELIKE_UNLOCKED) {
        ADD(unlocked_stays_unlocked);
        return;
    }
    ADD(opened_before_any_thread);
    ADD(opened_after_a_thread);
    ADD(without_standard_streams);
    ADD(calls_leave_the_lock);
#undef ADD
}

int main(void)
{
    Suite *suite = suite_create("lock");
    suite_over_kinds(suite, add);
    return suite_run(suite);
}

#else

enum { SKIPPED = 77 };

int main(void)
{
    (void) puts("skipped: built without glibc's internals (struct _IO_FILE)");
    return SKIPPED;
}

#endif
