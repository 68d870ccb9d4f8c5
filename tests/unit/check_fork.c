/* fork while other threads use streams. The child has these streams in whatever state
 * they were, and has to be able to use and close them all. */
#include <config.h>

#include "crowd.h"
#include "sanitized.h"
#include "scratch.h"
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that hangs is killed, and a process that hangs fails: no need to wait long. */
enum { CHILD_SECONDS = 60, TIMEOUT_SECONDS = 240 };

enum { BLOCK = 10000, FORKS = 100 };

static char block[BLOCK];

static void make_block(void)
{
    memset(block, 'x', sizeof block);
}

/* ---- Forking -------------------------------------------------------------------------
 */

/* Calls BODY in a child. BODY returns 0, or the line of this file that failed. Returns
 * whether all is well. */
static bool fork_once(int (*body)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void) alarm(CHILD_SECONDS);
        int line = body();
        if (line != 0)
            (void) dprintf(
                STDERR_FILENO, "in the child, line %d: %s\n", line, strerror(errno));
        _exit(line == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    return CROWD_EXPECT(child != -1 && waitpid(child, &status, 0) == child) &&
           CROWD_EXPECT(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM) &&
           CROWD_EXPECT(!WIFSIGNALED(status)) &&
           CROWD_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

/* For functions that run in the child: returns the line if CONDITION is false. */
#define NEED(condition)      \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

/* ---- The streams that are worked on ---------------------------------------------------
 */

enum {
    WORKERS = 4,
    FLUSHER = WORKERS + 1,
    ALL = WORKERS + 2,
    ROUNDS = 20,
    ROUND_FORKS = 6
};

static FILE *open_memory(void)
{
    return filelike_memory("w+", NULL);
}

/* Moves to disk again and again. */
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

/* All threads publish at the same path. */
static FILE *open_atomic(void)
{
    struct filelike_options options = {.flags = FILELIKE_NOSYNC};
    return filelike_atomic("target", "w+", &options);
}

static FILE *(*const openers[])(void) = {
    open_memory, open_spooled, open_named, open_watched, open_atomic};

enum { NAMED = 2 };

static FILE *streams[WORKERS][COUNT(openers)];
static atomic_bool round_goes_on;

static void append_block(FILE *stream, unsigned *state)
{
    (void) fseeko(stream, 0, SEEK_END);
    CROWD_EXPECT(fwrite(block, 1, crowd_draw(state, BLOCK), stream) < BLOCK);
    CROWD_EXPECT(fflush(stream) == 0);
}

static void reopen_and_write(FILE *stream)
{
    FILE *second = filelike_reopen(stream, "a");
    if (second == NULL && errno == ENOTSUP) /* an atomic one */
        return;
    CROWD_EXPECT(second != NULL && putc('x', second) == 'x' && fclose(second) == 0);
}

static void open_and_close_another(unsigned *state)
{
    FILE *stream = openers[crowd_draw(state, COUNT(openers))]();
    CROWD_EXPECT(stream != NULL);
    append_block(stream, state);
    CROWD_EXPECT(fclose(stream) == 0);
}

static void work_on(FILE *stream, unsigned *state)
{
    switch (crowd_draw(state, 16)) {
    case 0:
        CROWD_EXPECT(filelike_truncate(stream, crowd_draw(state, BLOCK)) == 0);
        break;
    case 1:
        free(filelike_detach(stream, NULL));
        break;
    case 3:
        CROWD_EXPECT(filelike_size(stream) >= 0);
        break;
    case 4:
        reopen_and_write(stream);
        break;
    case 5:
        open_and_close_another(state);
        break;
    case 6:
        rewind(stream);
        (void) getc(stream);
        break;
    case 7:
        rewind(stream);
        CROWD_EXPECT(fputs("xxxx", stream) >= 0);
        break;
    default:
        append_block(stream, state);
    }
    if (filelike_size(stream) > 4 * BLOCK)
        CROWD_EXPECT(filelike_truncate(stream, 0) == 0);
}

/* ---- Use by the child ----------------------------------------------------------------
 */

/* The content is what the thread had written so far, and gaps. */
static int check_content(FILE *stream)
{
    char bytes[BLOCK];
    size_t size;
    while ((size = fread(bytes, 1, sizeof bytes, stream)) > 0) {
        for (size_t i = 0; i < size; i++)
            NEED(bytes[i] == 'x' || bytes[i] == '\0');
    }
    NEED(!ferror(stream));
    return 0;
}

/* The child may change a stream on disk, while the parent's threads use the same file. */
static int use(FILE *stream)
{
    clearerr(stream);
    NEED(fseeko(stream, 0, SEEK_SET) == 0);
    int line = check_content(stream);
    if (line != 0)
        return line;
    NEED(fseeko(stream, 0, SEEK_END) == 0);
    NEED(fwrite(block, 1, BLOCK, stream) == BLOCK && fflush(stream) == 0);
    bool is_private = filelike_in_memory(stream) == 1;
    NEED(!is_private || filelike_size(stream) >= BLOCK);
    NEED(filelike_view(stream, NULL) != NULL);
    NEED(filelike_truncate(stream, 10) == 0);
    NEED(fputs("xxxx", stream) >= 0);
    NEED(!is_private || filelike_size(stream) >= 10);
    return 0;
}

static int use_and_close(FILE *stream)
{
    int line = use(stream);
    if (line != 0)
        return line;
    NEED(fclose(stream) == 0);
    return 0;
}

/* Only the parent publishes an atomic stream, and only its threads write to it. */
static int use_and_close_atomic(FILE *stream)
{
    clearerr(stream);
    NEED(fseeko(stream, 0, SEEK_SET) == 0);
    int line = check_content(stream);
    if (line != 0)
        return line;
    NEED(fseeko(stream, 0, SEEK_END) == 0);
    NEED(fwrite(block, 1, BLOCK, stream) == BLOCK && fflush(stream) == 0);
    NEED(filelike_truncate(stream, 10) == -1 && errno == ECHILD);
    NEED(fclose(stream) == EOF && errno == ECHILD);
    return 0;
}

/* The kernel copies the descriptors before the memory. If the stream moves to a file in
 * between, the child does not have that file. */
static int use_and_close_spooled(FILE *stream)
{
    if (filelike_size(stream) == -1 && errno == EBADF)
        return 0;
    return use_and_close(stream);
}

static int use_and_close_those_of(FILE *const *those)
{
    static int (*const uses[])(FILE *) = {use_and_close, use_and_close_spooled,
        use_and_close, use_and_close, use_and_close_atomic};
    int line = 0;
    for (size_t i = 0; i < COUNT(openers) && line == 0; i++)
        line = uses[i](those[i]);
    return line;
}

static int use_and_close_all(void)
{
    for (size_t i = 0; i < WORKERS; i++) {
        int line = use_and_close_those_of(streams[i]);
        if (line != 0)
            return line;
    }
    filelike_cleanup();
    FILE *stream = filelike_spooled("w+", NULL);
    return stream != NULL ? use_and_close(stream) : __LINE__;
}

static void fork_many_times(void)
{
    for (int i = 0; i < ROUND_FORKS; i++)
        (void) fork_once(use_and_close_all);
    atomic_store(&round_goes_on, false);
}

static void work(unsigned worker, unsigned *state)
{
    for (size_t i = 0; i < COUNT(openers); i++)
        streams[worker][i] = openers[i]();
    crowd_meet();
    while (atomic_load(&round_goes_on))
        work_on(streams[worker][crowd_draw(state, COUNT(openers))], state);
    crowd_meet();
    /* The children have closed this stream, but must not remove the parent's file. */
    CROWD_EXPECT(access(filelike_path(streams[worker][NAMED]), F_OK) == 0);
    for (size_t i = 0; i < COUNT(openers); i++)
        CROWD_EXPECT(fclose(streams[worker][i]) == 0);
}

static void fork_work_or_flush(unsigned number, void *context)
{
    unsigned state = 1 + number;
    (void) context;
    for (int round = 0; round < ROUNDS; round++) {
        atomic_store(&round_goes_on, true);
        crowd_meet();
        if (number < WORKERS) {
            work(number, &state);
            continue;
        }
        crowd_meet();
        if (number == FLUSHER) {
            while (atomic_load(&round_goes_on))
                (void) fflush(NULL);
        } else {
            fork_many_times();
        }
        crowd_meet();
    }
}

START_TEST(can_use_streams)
{
    crowd_run(ALL, fork_work_or_flush, NULL);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* ---- A stream that is asked all the time ----------------------------------------------
 */

static FILE *asked;

static int use_asked(void)
{
    NEED(filelike_size(asked) == 4);
    NEED(filelike_view(asked, NULL) != NULL);
    FILE *second = filelike_reopen(asked, "r");
    NEED(second != NULL && getc(second) == '0' && fclose(second) == 0);
    return 0;
}

static void ask(unsigned number, void *context)
{
    (void) context;
    for (int i = 0; number == 0 && i < FORKS; i++)
        (void) fork_once(use_asked);
    if (number == 0)
        crowd_end();
    while (number == 1 && crowd_goes_on())
        CROWD_EXPECT(filelike_size(asked) == 4);
    while (number == 2 && crowd_goes_on())
        (void) fflush(NULL);
}

static void check_asked(FILE *stream, unsigned threads)
{
    asked = stream;
    write_text(asked, "0123");
    ck_assert_int_eq(fflush(asked), 0);
    crowd_run(threads, ask, NULL);
    assert_closes(asked);
}

START_TEST(can_use_native_streams)
{
    check_asked(tmpfile(), 3);
}
END_TEST

/* FILELIKE_UNLOCKED asks that one thread at a time uses the stream, and that none calls
 * fflush(NULL). Both hold here. */
START_TEST(can_use_unlocked_streams)
{
    struct filelike_options options = {.flags = FILELIKE_UNLOCKED};
    check_asked(filelike_memory("w+", &options), 2);
}
END_TEST

/* ---- Streams that grow and shrink ----------------------------------------------------
 */

enum { GROWING = 3 };

static FILE *growing[GROWING];

static int use_growing(void)
{
    for (size_t i = 0; i < GROWING; i++) {
        int line = use_and_close(growing[i]);
        if (line != 0)
            return line;
    }
    return 0;
}

/* The streams grow in turns, so that their blocks are in each other's way and have to
 * move. */
static void fork_or_grow(unsigned number, void *context)
{
    (void) context;
    for (int i = 0; number == 0 && i < 3 * FORKS; i++)
        (void) fork_once(use_growing);
    if (number == 0)
        crowd_end();
    for (int64_t turn = 0; crowd_goes_on(); turn++) {
        FILE *stream = growing[turn % GROWING];
        CROWD_EXPECT(filelike_truncate(stream, turn * 7919 % (4 * BLOCK)) == 0);
        CROWD_EXPECT(fseeko(stream, 0, SEEK_SET) == 0 && putc('x', stream) == 'x');
        CROWD_EXPECT(fflush(stream) == 0);
    }
}

START_TEST(can_use_growing_streams)
{
    for (size_t i = 0; i < GROWING; i++)
        growing[i] = filelike_memory("w+", NULL);
    crowd_run(2, fork_or_grow, NULL);
    for (size_t i = 0; i < GROWING; i++)
        assert_closes(growing[i]);
}
END_TEST

/* ---- Bytes that change meanwhile -----------------------------------------------------
 */

static FILE *shared;

/* A view has its '\0', and the store has the room that it claims. */
static int use_shared(void)
{
    size_t size;
    const char *view = filelike_view(shared, &size);
    NEED(view != NULL && view[size] == '\0');
    NEED(fseeko(shared, 0, SEEK_SET) == 0);
    NEED(fwrite(block, 1, BLOCK, shared) == BLOCK && fflush(shared) == 0);
    NEED(filelike_size(shared) >= BLOCK);
    return 0;
}

static void fork_or_change(unsigned number, void *context)
{
    FILE *stream = context;
    unsigned state = 1;
    for (int i = 0; number == 0 && i < 5 * FORKS; i++)
        (void) fork_once(use_shared);
    if (number == 0)
        crowd_end();
    while (crowd_goes_on()) {
        append_block(stream, &state);
        if (crowd_draw(&state, 8) == 0)
            free(filelike_detach(stream, NULL));
    }
}

START_TEST(can_use_shared_bytes)
{
    FILE *stream = filelike_memory("w+", NULL);
    shared = filelike_reopen(stream, "r+");
    crowd_run(2, fork_or_change, stream);
    assert_closes(shared);
    assert_closes(stream);
}
END_TEST

/* ---- Names ---------------------------------------------------------------------------
 */

static int append_by_name(void)
{
    FILE *stream = filelike_fopen("memory:name", "a");
    NEED(stream != NULL && putc('x', stream) == 'x' && fclose(stream) == 0);
    stream = filelike_fopen("memory:own", "wx");
    NEED(stream != NULL && fclose(stream) == 0);
    NEED(filelike_remove("memory:name") == 0 && filelike_remove("memory:own") == 0);
    return 0;
}

static void use_names(unsigned number, void *context)
{
    (void) context;
    for (int i = 0; number == 0 && i < FORKS; i++)
        (void) fork_once(append_by_name);
    if (number == 0)
        crowd_end();
    while (crowd_goes_on()) {
        FILE *stream = filelike_fopen("memory:name", "a");
        CROWD_EXPECT(stream != NULL && putc('x', stream) == 'x' && fclose(stream) == 0);
    }
}

START_TEST(can_use_names)
{
    static const char *const names[] = {"memory:name", "memory:a", "memory:z"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_closes(filelike_fopen(names[i], "w"));
    crowd_run(4, use_names, NULL);
    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(filelike_remove(names[i]), 0);
    assert_fails(filelike_remove("memory:own"), -1, ENOENT);
}
END_TEST

/* ---- A budget ------------------------------------------------------------------------
 */

static filelike_budget *budget;

static FILE *open_on_budget(void)
{
    struct filelike_options options = {.budget = budget};
    return filelike_spooled("w+", &options);
}

/* Allocations in progress at the fork may leave the child's count wrong, but its lock is
 * free. */
static int use_budget(void)
{
    FILE *stream = open_on_budget();
    NEED(stream != NULL && fwrite(block, 1, BLOCK, stream) == BLOCK);
    NEED(fclose(stream) == 0);
    return 0;
}

static void spend_budget(unsigned number, void *context)
{
    (void) context;
    for (int i = 0; number == 0 && i < FORKS; i++)
        (void) fork_once(use_budget);
    if (number == 0)
        crowd_end();
    while (crowd_goes_on()) {
        FILE *stream = open_on_budget();
        CROWD_EXPECT(stream != NULL && fwrite(block, 1, BLOCK / 2, stream) == BLOCK / 2);
        CROWD_EXPECT(fclose(stream) == 0);
    }
}

START_TEST(can_use_a_budget)
{
    budget = filelike_budget_new(BLOCK);
    crowd_run(4, spend_budget, NULL);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

#ifdef __GLIBC__
#define FORK_RENEWS_LOCKS true
#else
#define FORK_RENEWS_LOCKS false
#endif

static void add_child(Suite *suite)
{
    TCase *child = suite_case(suite, "child");
    tcase_set_timeout(child, TIMEOUT_SECONDS);
    tcase_add_checked_fixture(child, make_block, NULL);
    tcase_add_checked_fixture(child, scratch_enter, scratch_leave);
    tcase_add_test(child, can_use_names);
    tcase_add_test(child, can_use_a_budget);
    tcase_add_test(child, can_use_shared_bytes);
    if (!FORK_RENEWS_LOCKS) {
        say_skipped("streams in use at a fork", "musl leaves them locked in the child");
        say_skipped("unlocked streams", "musl locks them beside threads all the same");
        return;
    }
    tcase_add_test(child, can_use_unlocked_streams);
    tcase_add_test(child, can_use_native_streams);
    tcase_add_test(child, can_use_streams);
    tcase_add_test(child, can_use_growing_streams);
}

int main(void)
{
    Suite *suite = suite_create("fork");
    if (SANITIZED)
        say_skipped(
            "fork among threads", "a sanitizer's malloc is locked for ever in the child");
    else
        add_child(suite);
    return suite_run(suite);
}
