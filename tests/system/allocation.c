/* Each allocation fails in turn, in everything that allocates. The errno is ENOMEM,
 * nothing is left behind, the bytes that were stored before are still there, and the
 * next attempt succeeds. */
#include <config.h>

#include "acl.h"
#include "backing.h"
#include "expect.h"
#include "heap.h"
#include "kinds.h"
#include "sanitized.h"
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Steps of a scenario -------------------------------------------------------------
 *
 * A scenario returns whether nothing in it failed.
 */

/* The call that has just failed for lack of memory. */
static bool no_memory(void)
{
    EXPECT(errno == ENOMEM);
    heap_allow();
    return false;
}

/* fclose puts an atomic stream's file in place. This takes memory, so fclose can fail. */
static bool close_stream(const struct kind *kind, FILE *stream)
{
    if (fclose(stream) == 0)
        return true;
    EXPECT(kind_has(kind, KIND_PUBLISHES));
    return no_memory();
}

static bool holds(FILE *stream, const char *bytes, size_t size)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

static const char text[] = "0123456789";
enum { TEXT_SIZE = sizeof text - 1 };

static FILE *open_text(const struct kind *kind)
{
    return kind_open_on(kind, text, TEXT_SIZE, "r+", NULL);
}

/* The stream is as it was, and nothing was lost. */
static bool check_failure(const struct kind *kind, FILE *stream)
{
    (void) no_memory();
    EXPECT(holds(stream, text, TEXT_SIZE));
    EXPECT(filelike_error(stream) == 0);
    (void) close_stream(kind, stream);
    return false;
}

/* After a call that FAILED or not. */
static bool check_whole(const struct kind *kind, FILE *stream, bool failed)
{
    return failed ? check_failure(kind, stream) : close_stream(kind, stream);
}

/* ---- Opening -------------------------------------------------------------------------
 */

/* Mode "r" needs a kind that starts with bytes. A stream of tmpfile's cannot append. An
 * atomic stream is opened to be written. */
static bool takes_mode(const struct kind *kind, const char *mode)
{
    if (strcmp(mode, "r") == 0)
        return kind_has(kind, KIND_STARTS_FULL) && !kind_has(kind, KIND_PUBLISHES);
    return !kind_has(kind, KIND_ONLY_UPDATE) || strchr("rw", mode[0]) != NULL;
}

static bool open_and_close(const struct kind *kind, const void *data, size_t size,
    const char *mode, const struct filelike_options *options)
{
    FILE *stream = kind_open_on(kind, data, size, mode, options);
    return stream != NULL ? close_stream(kind, stream) : no_memory();
}

static bool opening_empty(const struct kind *kind)
{
    return open_and_close(kind, "", 0, "w+", NULL);
}

static bool opening_on_text(const struct kind *kind)
{
    static const char *const modes[] = {"r", "r+", "a", "a+", "w+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        if (takes_mode(kind, modes[i]) &&
            !open_and_close(kind, text, TEXT_SIZE, modes[i], NULL))
            return false;
    }
    return true;
}

/* A path that is not absolute takes more of them. */
static bool opening_in_a_directory(const struct kind *kind)
{
    struct filelike_options options = {.dir = ".", .prefix = "start-", .suffix = ".end"};
    return open_and_close(kind, "", 0, "w+", &options);
}

static bool reopening(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    FILE *other = filelike_reopen(stream, "r");
    if (other == NULL)
        return check_failure(kind, stream);
    heap_allow();
    EXPECT(holds(other, text, TEXT_SIZE));
    EXPECT(fclose(other) == 0);
    return close_stream(kind, stream);
}

/* ---- Growing -------------------------------------------------------------------------
 */

enum { MOST_BYTES = 50000 };

/* Whether STREAM holds the first BYTES, LEAST of them or more. */
static bool holds_start(FILE *stream, const char *bytes, size_t least)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held >= least && memcmp(view, bytes, held) == 0;
}

/* STREAM has lost a write of BYTES, after SIZE bytes had been stored. These bytes are
 * still there. stdio may have written some of BYTES behind them. fclose reports the
 * loss; on a native stream the failed call has reported it. */
static bool check_loss(
    const struct kind *kind, FILE *stream, const char *bytes, size_t size)
{
    (void) no_memory();
    clearerr(stream);
    EXPECT(holds_start(stream, bytes, size));
    if (kind_has(kind, KIND_WATCHED)) {
        EXPECT(filelike_error(stream) == ENOMEM);
        EXPECT_FAILS(fclose(stream), EOF, ENOMEM);
    } else {
        (void) fclose(stream);
    }
    return false;
}

/* The period is a prime, so a piece that is stored twice shows. */
static void fill(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char) ('a' + i % 23);
}

static bool growing(const struct kind *kind)
{
    static char bytes[MOST_BYTES];
    static const size_t ends[] = {3, 10, 100, 1000, 1001, 5000, MOST_BYTES};
    FILE *stream = kind_open(kind, "w+", NULL);
    if (stream == NULL)
        return no_memory();
    fill(bytes, sizeof bytes);
    size_t done = 0;
    for (size_t i = 0; i < COUNT(ends); i++) {
        size_t size = ends[i] - done;
        if (fwrite(bytes + done, 1, size, stream) != size || fflush(stream) != 0)
            return check_loss(kind, stream, bytes, done);
        done = ends[i];
    }
    heap_allow();
    EXPECT(holds(stream, bytes, done));
    return close_stream(kind, stream);
}

static bool growing_over_a_gap(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    EXPECT(fseeko(stream, MOST_BYTES, SEEK_SET) == 0);
    if (putc('x', stream) != 'x' || fflush(stream) != 0)
        return check_loss(kind, stream, text, TEXT_SIZE);
    heap_allow();
    EXPECT(filelike_size(stream) == MOST_BYTES + 1);
    return close_stream(kind, stream);
}

/* The bytes that fclose itself writes out. */
static bool closing(const struct kind *kind)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    if (stream == NULL)
        return no_memory();
    if (putc('x', stream) != 'x')
        return check_loss(kind, stream, "", 0);
    return fclose(stream) == 0 ? true : no_memory();
}

static bool truncating(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_truncate(stream, MOST_BYTES) != 0;
    return check_whole(kind, stream, failed);
}

static bool cutting(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    if (filelike_truncate(stream, 4) != 0)
        return check_failure(kind, stream);
    heap_allow();
    EXPECT(holds(stream, text, 4));
    return close_stream(kind, stream);
}

/* ---- Using ---------------------------------------------------------------------------
 */

static bool viewing(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_view(stream, NULL) == NULL;
    return check_whole(kind, stream, failed);
}

static bool detaching(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    char *bytes = filelike_detach(stream, NULL);
    if (bytes == NULL)
        return check_failure(kind, stream);
    heap_allow();
    EXPECT(strcmp(bytes, text) == 0);
    EXPECT(filelike_size(stream) == 0);
    free(bytes);
    return close_stream(kind, stream);
}

static bool asking_for_a_descriptor(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_fileno(stream) == -1;
    return check_whole(kind, stream, failed);
}

static bool asking_for_a_path(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_path(stream) == NULL;
    return check_whole(kind, stream, failed);
}

static bool rolling_over(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_rollover(stream) == -1 && errno != ENOTSUP;
    return check_whole(kind, stream, failed);
}

static bool has_content(const char *path, const char *expected)
{
    const char *found = content(path);
    return found != NULL && strcmp(found, expected) == 0;
}

/* The filesystem may have no such attributes. */
static void put_old(const char *path)
{
    enum { SOMEBODY = 12 };
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT(write(descriptor, "old", 3) == 3);
    (void) fsetxattr(descriptor, "user.filelike.test", "value", 5, 0);
    (void) SET_ACL(path, ACCESS_ACL, {OWNER, 6, NO_ID}, {NAMED_USER, 6, SOMEBODY},
        {ITS_GROUP, 6, NO_ID}, {MASK, 6, NO_ID}, {OTHERS, 0, NO_ID});
    EXPECT(close(descriptor) == 0);
}

static bool persisting(const struct kind *kind)
{
    static const char target[] = "persisted";
    put_old(target);
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    bool failed = filelike_persist(stream, target, FILELIKE_NOSYNC) != 0;
    int error = errno;
    heap_allow();
    EXPECT(has_content(target, failed ? "old" : text));
    errno = error;
    return check_whole(kind, stream, failed);
}

static bool taking_a_section(const struct kind *kind)
{
    FILE *stream = open_text(kind);
    if (stream == NULL)
        return no_memory();
    FILE *section = filelike_section(stream, 2, 5);
    if (section == NULL)
        return check_failure(kind, stream);
    heap_allow();
    EXPECT(holds(section, "23456", 5));
    EXPECT(fclose(section) == 0);
    return close_stream(kind, stream);
}

/* Nothing is printed within. */
static bool redirecting(const struct kind *kind)
{
    FILE *from = fopen("/dev/null", "we");
    if (from == NULL)
        return no_memory();
    FILE *stream = open_text(kind);
    bool failed = stream == NULL || filelike_redirect(from, stream) != 0;
    int error = errno;
    EXPECT(filelike_restore(from) == (failed ? -1 : 0));
    EXPECT(fclose(from) == 0);
    errno = error;
    return stream != NULL ? check_whole(kind, stream, failed) : no_memory();
}

/* ---- Without a kind ------------------------------------------------------------------
 */

static bool adopting(const struct kind *kind)
{
    char *block = strdup(text);
    if (block == NULL)
        return no_memory();
    FILE *stream = filelike_adopt(block, TEXT_SIZE, "r+", NULL);
    if (stream != NULL)
        return close_stream(kind, stream);
    EXPECT(errno == ENOMEM);
    EXPECT(strcmp(block, text) == 0);
    free(block);
    return no_memory();
}

static bool making_a_budget(const struct kind *kind)
{
    (void) kind;
    filelike_budget *budget = filelike_budget_new(1000);
    if (budget == NULL)
        return no_memory();
    filelike_budget_free(budget);
    return true;
}

static bool opening_by_path(const struct kind *kind)
{
    (void) kind;
    static const char *const paths[] = {
        "memory:", "spooled:", "temporary:", "atomic:target", "plain"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *stream = filelike_fopen(paths[i], "w");
        if (stream == NULL)
            return no_memory();
        if (fclose(stream) != 0)
            return no_memory();
    }
    return true;
}

/* The caller's own bytes are copied, and stay as they are. */
static bool detaching_bytes_in_place(const struct kind *kind)
{
    (void) kind;
    FILE *stream = filelike_bytes(text, TEXT_SIZE, "r", NULL);
    if (stream == NULL)
        return no_memory();
    FILE *second = filelike_reopen(stream, "r+");
    char *bytes = second != NULL ? filelike_detach(second, NULL) : NULL;
    bool worked = bytes != NULL ? EXPECT(strcmp(bytes, text) == 0) : no_memory();
    EXPECT(holds(stream, worked ? "" : text, worked ? 0 : TEXT_SIZE));
    free(bytes);
    EXPECT(second == NULL || fclose(second) == 0);
    EXPECT(fclose(stream) == 0);
    return worked;
}

/* filelike_custom has failed, so the context still belongs to the caller. */
static bool opening_in_order(const struct kind *kind)
{
    static const char *const modes[] = {"r", "w", "a"};
    bool worked = true;
    for (size_t i = 0; worked && i < COUNT(modes); i++) {
        struct backing *backing = backing_create(0, text, TEXT_SIZE);
        if (backing == NULL)
            return no_memory();
        FILE *stream = filelike_custom(backing, &backing_in_order, modes[i], NULL);
        worked = stream != NULL ? close_stream(kind, stream) : no_memory();
        if (stream == NULL) {
            EXPECT(backing->calls[BACKING_CLOSE] == 0);
            backing_finish(backing);
            free(backing);
        }
    }
    return worked;
}

/* A memory stream on a budget. Its bytes may have to move to disk. */
static bool opening_on_a_budget(const struct kind *kind)
{
    (void) kind;
    filelike_budget *budget = filelike_budget_new(1000);
    struct filelike_options options = {.dir = ".", .budget = budget};
    FILE *stream = budget != NULL ? filelike_memory("w+", &options) : NULL;
    bool worked = stream != NULL ? fclose(stream) == 0 : no_memory();
    EXPECT(budget == NULL || filelike_budget_used(budget) == 0);
    filelike_budget_free(budget);
    return worked;
}

static bool following_a_link(const struct kind *kind)
{
    (void) kind;
    EXPECT(symlink("linked", "link") == 0);
    FILE *stream = filelike_atomic("link", "w", NULL);
    bool worked = stream != NULL && fclose(stream) == 0;
    if (!worked)
        (void) no_memory();
    EXPECT(worked == (unlink("linked") == 0));
    EXPECT(unlink("link") == 0);
    return worked;
}

/* A name that could not be made is not there. */
static bool opening_by_name(const struct kind *kind)
{
    FILE *stream = filelike_fopen("memory:name", "w");
    if (stream != NULL) {
        EXPECT(filelike_remove("memory:name") == 0);
        return close_stream(kind, stream);
    }
    (void) no_memory();
    EXPECT_FAILS(filelike_fopen("memory:name", "r"), NULL, ENOENT);
    return false;
}

static bool make_name(void)
{
    FILE *stream = filelike_fopen("memory:name", "w");
    bool made = stream != NULL && fputs(text, stream) >= 0;
    return stream != NULL && fclose(stream) == 0 && made;
}

/* A name that cannot get the new name keeps the old one. */
static bool renaming_to(const char *to)
{
    if (!make_name()) {
        (void) no_memory();
        (void) filelike_remove("memory:name");
        return false;
    }
    bool worked = filelike_rename("memory:name", to) == 0 || no_memory();
    heap_allow();
    FILE *stream = filelike_fopen(worked ? to : "memory:name", "r");
    EXPECT(stream != NULL && holds(stream, text, TEXT_SIZE));
    EXPECT(stream != NULL && fclose(stream) == 0);
    EXPECT(filelike_remove(worked ? to : "memory:name") == 0);
    EXPECT_FAILS(filelike_remove(worked ? "memory:name" : to), -1, ENOENT);
    return worked;
}

static bool renaming_a_name(const struct kind *kind)
{
    (void) kind;
    return renaming_to("memory:other");
}

static bool renaming_to_a_path(const struct kind *kind)
{
    (void) kind;
    return renaming_to("renamed");
}

/* The caller's own bytes are copied before the first write. */
static bool writing_on_bytes_in_place(const struct kind *kind)
{
    (void) kind;
    FILE *stream = filelike_bytes(text, TEXT_SIZE, "r", NULL);
    FILE *second = stream != NULL ? filelike_reopen(stream, "r+") : NULL;
    bool worked = second != NULL && putc('x', second) == 'x' && fflush(second) == 0;
    if (!worked)
        (void) no_memory();
    EXPECT(stream == NULL || holds(stream, worked ? "x123456789" : text, TEXT_SIZE));
    if (second != NULL && !worked)
        EXPECT_FAILS(fclose(second), EOF, ENOMEM);
    else
        EXPECT(second == NULL || fclose(second) == 0);
    EXPECT(stream == NULL || fclose(stream) == 0);
    return worked;
}

/* Its record lies in memory of its own, and so does that of another descriptor, which is
 * looked at, too. */
static bool using_a_high_descriptor(const struct kind *kind)
{
    enum { HIGH = 200 };
    (void) kind;
    int descriptor = open("high", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, HIGH);
    EXPECT(close(descriptor) == 0 && unlink("high") == 0);
    FILE *stream = fdopen(high, "w+");
    if (stream == NULL) {
        EXPECT(close(high) == 0);
        return no_memory();
    }
    bool worked = filelike_size(stream) == 0 || no_memory();
    heap_allow();
    EXPECT(filelike_size(stream) == 0);
    EXPECT(fclose(stream) == 0);
    return worked;
}

/* ---- Each allocation in turn ---------------------------------------------------------
 */

typedef bool scenario(const struct kind *kind);

static const struct {
    const char *name;
    scenario *run;
    bool for_each_kind; /* that can be written */
    bool moves;         /* the bytes, where they have no descriptor */
} scenarios[] = {
    {"opening empty", opening_empty, true, false},
    {"opening on text", opening_on_text, true, false},
    {"opening in a directory", opening_in_a_directory, true, false},
    {"reopening", reopening, true, false},
    {"growing", growing, true, false},
    {"growing over a gap", growing_over_a_gap, true, false},
    {"closing", closing, true, false},
    {"truncating", truncating, true, false},
    {"cutting", cutting, true, false},
    {"viewing", viewing, true, false},
    {"detaching", detaching, true, false},
    {"asking for a descriptor", asking_for_a_descriptor, true, true},
    {"asking for a path", asking_for_a_path, true, true},
    {"rolling over", rolling_over, true, false},
    {"persisting", persisting, true, false},
    {"taking a section", taking_a_section, true, false},
    {"redirecting", redirecting, true, true},
    {"adopting", adopting, false, false},
    {"making a budget", making_a_budget, false, false},
    {"opening by path", opening_by_path, false, false},
    {"opening by name", opening_by_name, false, false},
    {"opening in order", opening_in_order, false, false},
    {"opening on a budget", opening_on_a_budget, false, false},
    {"detaching bytes in place", detaching_bytes_in_place, false, false},
    {"following a link", following_a_link, false, false},
    {"renaming a name", renaming_a_name, false, false},
    {"renaming to a path", renaming_to_a_path, false, false},
    {"writing on bytes in place", writing_on_bytes_in_place, false, false},
    {"using a high descriptor", using_a_high_descriptor, false, false},
};

/* No scenario makes so many allocations. A scenario that reaches this number does not
 * end. */
enum { MOST_ALLOCATIONS = 1000 };

/* Tells whether an allocation failed. A failure must have been reported, unless the
 * library could do without the memory. */
static bool run_failing(scenario *run, const struct kind *kind, size_t number, bool all)
{
    heap_fail(number, all);
    bool worked = run(kind);
    heap_allow();
    bool failed = heap_has_failed();
    EXPECT(worked || failed);
    return failed;
}

static void run_untouched(scenario *run, const struct kind *kind)
{
    heap_fail(0, false);
    EXPECT(run(kind));
}

/* The descriptors and files that there are. */
static void remember_outside(char *outside, size_t room)
{
    (void) snprintf(outside, room, "%s; %s", descriptors(), entries("."));
}

/* No stream of this test is open on this file. /proc/self/exe would not do: emulators
 * open it without a descriptor of its own. */
static const char elsewhere[] = "/bin/sh";

/* The library keeps its record of a native stream until it sees another file on the same
 * descriptor. It knows a file by its inode number, which the system may use again. So
 * this opens a file that cannot be one of the test's, on each descriptor that native
 * streams had. */
static void let_native_streams_be_forgotten(void)
{
    enum { MOST_DESCRIPTORS = 2 };
    FILE *others[MOST_DESCRIPTORS];
    for (size_t i = 0; i < MOST_DESCRIPTORS; i++) {
        others[i] = fopen(elsewhere, "re");
        EXPECT(others[i] != NULL && filelike_size(others[i]) > 0);
    }
    for (size_t i = 0; i < MOST_DESCRIPTORS; i++)
        EXPECT(others[i] != NULL && fclose(others[i]) == 0);
}

static size_t count_live(void)
{
    let_native_streams_be_forgotten();
    return heap_live();
}

/* A failure, a success, and the blocks that are there then. */
static size_t fail_and_count(
    scenario *run, const struct kind *kind, size_t number, bool all, bool *failed)
{
    *failed = run_failing(run, kind, number, all);
    run_untouched(run, kind);
    return count_live();
}

/* Two runs make everything that the library makes once and keeps, so the run that
 * follows may leave nothing. The registry grows when a stream lies in new memory, which
 * happens each time with a sanitizer's malloc. A leak grows each time, too. */
static void run_warm(scenario *run, const struct kind *kind, bool all)
{
    static char before[4096];
    static char after[4096];
    run_untouched(run, kind);
    run_untouched(run, kind);
    size_t live = count_live();
    remember_outside(before, sizeof before);
    for (size_t number = 1; number < MOST_ALLOCATIONS; number++) {
        bool failed;
        size_t then = fail_and_count(run, kind, number, all, &failed);
        if (then != live)
            live = fail_and_count(run, kind, number, all, &failed);
        EXPECT(then == live || SANITIZED);
        remember_outside(after, sizeof after);
        EXPECT(strcmp(before, after) == 0);
        if (!failed)
            return;
    }
    (void) expect(false, __FILE__, __LINE__, "an end");
}

/* This runs in a process where the library has done nothing yet, because the allocations
 * that it makes once can fail, too. */
enum { CHILD_FAILED_NOTHING = 2 };

static int run_in_child(scenario *run, const struct kind *kind, size_t number)
{
    expect_failures = 0;
    bool failed = run_failing(run, kind, number, false);
    run_untouched(run, kind);
    if (expect_failures > 0)
        return EXIT_FAILURE;
    return failed ? EXIT_SUCCESS : CHILD_FAILED_NOTHING;
}

static void run_cold(scenario *run, const struct kind *kind)
{
    for (size_t number = 1; number < MOST_ALLOCATIONS; number++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            exit(run_in_child(run, kind, number));
        EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (!EXPECT(WEXITSTATUS(status) != EXIT_FAILURE))
            return;
        if (WEXITSTATUS(status) == CHILD_FAILED_NOTHING)
            return;
    }
    (void) expect(false, __FILE__, __LINE__, "an end");
}

static void run_warm_both_ways(scenario *run, const struct kind *kind)
{
    run_warm(run, kind, false);
    run_warm(run, kind, true);
}

/* A kind that differs from the one before in its options alone makes the same things
 * once, so it is left out. */
static void run_cold_if_new(scenario *run, const struct kind *kind)
{
    if (kind == kinds || kind->open != kind[-1].open)
        run_cold(run, kind);
}

static bool is_for_kind(size_t i, const struct kind *kind)
{
    if (kind_has(kind, KIND_ONLY_READS))
        return false;
    return !scenarios[i].moves || !kind_has(kind, KIND_BOUND);
}

static void run_scenarios(void (*run_one)(scenario *run, const struct kind *kind))
{
    static char subject[100];
    expect_subject = subject;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        size_t count = scenarios[i].for_each_kind ? kind_count : 1;
        for (size_t kind = 0; kind < count; kind++) {
            (void) snprintf(subject, sizeof subject, "%s, %s", scenarios[i].name,
                scenarios[i].for_each_kind ? kinds[kind].name : "-");
            if (is_for_kind(i, &kinds[kind]))
                run_one(scenarios[i].run, &kinds[kind]);
        }
    }
}

/* ---- Not copying ---------------------------------------------------------------------
 */

static void adopting_copies_nothing(void)
{
    enum { SIZE = 1000000 };
    expect_subject = "adopting a large block";
    char *block = calloc(1, SIZE);
    (void) heap_largest();
    FILE *stream = filelike_adopt(block, SIZE, "r+", NULL);
    EXPECT(stream != NULL && getc(stream) == '\0');
    EXPECT(heap_largest() < SIZE);
    EXPECT(fclose(stream) == 0);
}

/* ---- Forking -------------------------------------------------------------------------
 */

#ifdef __GLIBC__

static FILE *moving;

static int use_lost_bytes(void *context)
{
    (void) context;
    expect_failures = 0;
    EXPECT_FAILS(filelike_size(moving), -1, EBADF);
    EXPECT_FAILS(filelike_view(moving, NULL), NULL, EBADF);
    EXPECT_FAILS(filelike_detach(moving, NULL), NULL, EBADF);
    EXPECT_FAILS(filelike_truncate(moving, 0), -1, EBADF);
    EXPECT_FAILS(filelike_persist(moving, "lost", 0), -1, EBADF);
    EXPECT_FAILS(getc(moving), EOF, EBADF);
    clearerr(moving);
    EXPECT(fseeko(moving, 0, SEEK_SET) == 0 && putc('x', moving) == 'x');
    EXPECT_FAILS(fclose(moving), EOF, EBADF);
    return expect_status();
}

static unsigned times_forked;

/* Called in the middle of realloc. */
static void fork_here(void)
{
    heap_meanwhile = NULL;
    times_forked++;
    EXPECT(in_child(use_lost_bytes, NULL) == EXIT_SUCCESS);
    EXPECT(access("lost", F_OK) != 0);
}

/* The child cannot know how far realloc has got. A block of this size is reallocated also
 * where there may be other threads, as always with a glibc that does not tell. */
static void forking_while_a_block_moves(void)
{
    enum { SIZE = 9 << 20 };
    expect_subject = "forking while a block moves";
    moving = open_text(&kinds[0]);
    EXPECT(filelike_truncate(moving, SIZE) == 0);
    heap_meanwhile = fork_here;
    EXPECT(filelike_truncate(moving, 2 * SIZE) == 0);
    EXPECT(times_forked == 1);
    EXPECT(filelike_size(moving) == 2 * SIZE && fclose(moving) == 0);
}

#else

/* Other C libraries leave the lock of a stream in use locked in the child. */
static void forking_while_a_block_moves(void)
{
    (void) puts("skipped: forking while a block moves: this is not glibc");
}

#endif

/* ---- All -----------------------------------------------------------------------------
 */

int main(void)
{
    if (!heap_is_wrapped())
        return SKIPPED;
    scratch_enter();
    /* Cold scenarios come first: this process, which they fork from, must be cold. */
    run_scenarios(run_cold_if_new);
    run_scenarios(run_warm_both_ways);
    adopting_copies_nothing();
    forking_while_a_block_moves();
    scratch_leave();
    return expect_status();
}
