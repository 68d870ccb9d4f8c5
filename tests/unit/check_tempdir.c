/* The directory for files: that of the options, TMPDIR, and the others in their
 * order. */
#include <config.h>

#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Streams that create files -------------------------------------------------------
 */

/* A spooled stream makes its file when it moves. */
static FILE *open_spooled(const char *mode, const struct filelike_options *options)
{
    FILE *stream = filelike_spooled(mode, options);
    if (stream == NULL || filelike_rollover(stream) == 0)
        return stream;
    int saved = errno;
    assert_closes(stream);
    errno = saved;
    return NULL;
}

static FILE *open_watched(const char *mode, const struct filelike_options *options)
{
    struct filelike_options watched = *options;
    watched.size_limit = 1 << 20;
    return filelike_temporary(mode, &watched);
}

static FILE *open_without_tmpfile(
    const char *mode, const struct filelike_options *options)
{
    faults.tmpfile = EOPNOTSUPP;
    return filelike_temporary(mode, options);
}

static FILE *(*const openers[])(const char *, const struct filelike_options *) = {
    filelike_named, filelike_temporary, open_watched, open_without_tmpfile, open_spooled};

static FILE *open_at(int opener, const char *directory)
{
    struct filelike_options options = {.dir = directory};
    return openers[opener]("w+", &options);
}

/* Whether the file of STREAM, which it closes, lies in DIRECTORY. */
static void check_lies_in(FILE *stream, const char *directory)
{
    char link[64];
    char path[PATH_MAX] = "";
    char *expected = realpath(directory, NULL);
    ck_assert_msg(stream != NULL, "%s", strerror(errno));
    ck_assert_ptr_nonnull(expected);
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", filelike_fileno(stream));
    if (readlink(link, path, sizeof path - 1) == -1)
        say_skipped("where a file lies", "there is no /proc");
    else
        *strrchr(path, '/') = '\0';
    assert_closes(stream);
    ck_assert(path[0] == '\0' || strcmp(path, expected) == 0);
    free(expected);
}

/* ---- The directory in the options ----------------------------------------------------
 */

START_TEST(directory_in_the_options_comes_first)
{
    ck_assert_int_eq(mkdir("given", 0700), 0);
    check_lies_in(open_at(_i, "given"), "given");
}
END_TEST

START_TEST(directory_in_the_options_is_never_replaced)
{
    make_file("file", "");
    assert_fails(open_at(_i, "missing"), NULL, ENOENT);
    assert_fails(open_at(_i, "file"), NULL, ENOTDIR);
    assert_fails(open_at(_i, ""), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "file");
}
END_TEST

static int open_in_forbidden(void *context)
{
    const int *opener = context;
    ck_assert_int_eq(mkdir("forbidden", 0500), 0);
    assert_fails(open_at(*opener, "forbidden"), NULL, EACCES);
    return 0;
}

START_TEST(directory_in_the_options_may_be_forbidden)
{
    int opener = _i;
    ck_assert_int_eq(as_nobody(open_in_forbidden, &opener), 0);
    ck_assert_str_eq(entries("."), "forbidden");
}
END_TEST

/* A path through a descriptor leads elsewhere when that is closed. */
START_TEST(directory_in_the_options_may_be_a_descriptor)
{
    static const char *const ways[] = {"/dev/fd", "/proc/self/fd"};
    char path[64];
    ck_assert_int_eq(mkdir("given", 0700), 0);
    for (size_t i = 0; i < COUNT(ways); i++) {
        int descriptor = open("given", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void) snprintf(path, sizeof path, "%s/%d", ways[i], descriptor);
        FILE *stream = open_at(_i, path);
        ck_assert_int_eq(close(descriptor), 0);
        check_lies_in(stream, "given");
        ck_assert_str_eq(entries("given"), "");
    }
}
END_TEST

/* ---- TMPDIR --------------------------------------------------------------------------
 */

START_TEST(environment_comes_next)
{
    check_lies_in(open_at(_i, NULL), scratch_path());
}
END_TEST

START_TEST(environment_may_say_nothing)
{
    ck_assert_int_eq(unsetenv("TMPDIR"), 0);
    check_lies_in(open_at(_i, NULL), P_tmpdir);
    ck_assert_int_eq(setenv("TMPDIR", "", 1), 0);
    check_lies_in(open_at(_i, NULL), P_tmpdir);
}
END_TEST

START_TEST(environment_may_be_wrong)
{
    static const char *const wrong[] = {"missing", "/missing", "file", "file/below"};
    make_file("file", "");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(setenv("TMPDIR", wrong[i], 1), 0);
        check_lies_in(open_at(_i, NULL), P_tmpdir);
    }
    ck_assert_str_eq(entries("."), "file");
}
END_TEST

static int open_with_forbidden_environment(void *context)
{
    const int *opener = context;
    ck_assert_int_eq(mkdir("forbidden", 0500), 0);
    ck_assert_int_eq(setenv("TMPDIR", "forbidden", 1), 0);
    check_lies_in(open_at(*opener, NULL), P_tmpdir);
    return 0;
}

START_TEST(environment_may_be_forbidden)
{
    int opener = _i;
    ck_assert_int_eq(as_nobody(open_with_forbidden_environment, &opener), 0);
}
END_TEST

START_TEST(environment_may_be_relative)
{
    ck_assert_int_eq(mkdir("below", 0700), 0);
    ck_assert_int_eq(setenv("TMPDIR", "below", 1), 0);
    check_lies_in(open_at(_i, NULL), "below");
}
END_TEST

START_TEST(environment_may_be_relative_to_nothing)
{
    ck_assert_int_eq(mkdir("gone", 0700) + chdir("gone") + rmdir("../gone"), 0);
    ck_assert_int_eq(setenv("TMPDIR", "below", 1), 0);
    check_lies_in(open_at(_i, NULL), P_tmpdir);
    assert_fails(open_at(_i, "below"), NULL, ENOENT);
}
END_TEST

static int open_where_nothing_can_be_held(void *context)
{
    struct filelike_options relative = {.dir = "below"};
    (void) context;
    ck_assert_int_eq(mkdir("closed", 0700) + chdir("closed") + chmod(".", 0), 0);
    ck_assert_int_eq(setenv("TMPDIR", "below", 1), 0);
    assert_fails(filelike_spooled("w+", &relative), NULL, EACCES);
    FILE *stream = filelike_spooled("w+", NULL);
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    check_lies_in(stream, P_tmpdir);
    return 0;
}

/* The working directory may not be searched. A spooled stream cannot hold it for later.
 */
START_TEST(environment_may_be_relative_to_what_is_forbidden)
{
    ck_assert_int_eq(as_nobody(open_where_nothing_can_be_held, NULL), 0);
}
END_TEST

START_TEST(environment_needs_a_descriptor_to_be_relative)
{
    ck_assert_int_eq(setenv("TMPDIR", ".", 1), 0);
    allow_descriptors(0);
    assert_fails(filelike_spooled("w+", NULL), NULL, EMFILE);
    allow_descriptors(-1);
}
END_TEST

/* ---- Side effects --------------------------------------------------------------------
 */

/* errno stays however the file had to be made. */
START_TEST(errno_stays)
{
    static const struct faults systems[] = {
        {0}, {.tmpfile = EOPNOTSUPP}, {.no_proc = true}};
    static const char *const modes[] = {"w+", "w"};
    ck_assert_int_eq(setenv("TMPDIR", "missing", 1), 0);
    for (size_t i = 0; i < COUNT(systems); i++) {
        for (size_t j = 0; j < COUNT(modes); j++) {
            struct filelike_options options = {0};
            faults = systems[i];
            errno = EDOM;
            FILE *stream = openers[_i](modes[j], &options);
            ck_assert_int_eq(errno, EDOM);
            ck_assert_ptr_nonnull(stream);
            assert_closes(stream);
        }
    }
}
END_TEST

/* ---- At the limits -------------------------------------------------------------------
 */

static int error_of_first;
static int creations;

static enum fault strike_first(enum fault_call call)
{
    if (call != FAULT_CREATE || ++creations > 1)
        return FAULT_NONE;
    errno = error_of_first;
    return FAULT_FAILS;
}

/* These limits hold for the process or the system, so trying another directory is
 * useless. */
START_TEST(limits_are_those_of_all_directories)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    creations = 0; /* the test before may run in the same process */
    error_of_first = errors[_i];
    faults.strike = strike_first;
    assert_fails(filelike_temporary("w+", NULL), NULL, errors[_i]);
    ck_assert_int_eq(creations, 1);
}
END_TEST

/* ---- When it is decided --------------------------------------------------------------
 */

static void check_moves_to(FILE *stream, const char *directory)
{
    ck_assert_int_eq(setenv("TMPDIR", "/missing", 1), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_eq(chdir(scratch_path()), 0);
    check_lies_in(stream, directory);
}

START_TEST(directory_is_chosen_when_the_stream_is_opened)
{
    char directory[] = "below";
    struct filelike_options options = {.dir = directory};
    ck_assert_int_eq(mkdir("below", 0700), 0);
    FILE *stream = filelike_spooled("w+", &options);
    directory[0] = 'x';
    check_moves_to(stream, "below");
}
END_TEST

START_TEST(environment_is_read_when_the_stream_is_opened)
{
    ck_assert_int_eq(mkdir("below", 0700), 0);
    ck_assert_int_eq(setenv("TMPDIR", "below", 1), 0);
    check_moves_to(filelike_spooled("w+", NULL), "below");
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

int main(void)
{
    Suite *suite = suite_create("tempdir");
    TCase *test_case = tcase_create("tempdir");
    const int count = COUNT(openers);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
#define ADD(test) tcase_add_loop_test(test_case, test, 0, count)
    ADD(directory_in_the_options_comes_first);
    ADD(directory_in_the_options_is_never_replaced);
    ADD(directory_in_the_options_may_be_forbidden);
    ADD(directory_in_the_options_may_be_a_descriptor);
    ADD(environment_comes_next);
    ADD(environment_may_say_nothing);
    ADD(environment_may_be_wrong);
    ADD(environment_may_be_forbidden);
    ADD(environment_may_be_relative);
    ADD(environment_may_be_relative_to_nothing);
    ADD(errno_stays);
#undef ADD
    tcase_add_loop_test(test_case, limits_are_those_of_all_directories, 0, 3);
    tcase_add_test(test_case, environment_may_be_relative_to_what_is_forbidden);
    tcase_add_test(test_case, environment_needs_a_descriptor_to_be_relative);
    tcase_add_test(test_case, directory_is_chosen_when_the_stream_is_opened);
    tcase_add_test(test_case, environment_is_read_when_the_stream_is_opened);
    suite_add_tcase(suite, test_case);
    return suite_run(suite);
}
