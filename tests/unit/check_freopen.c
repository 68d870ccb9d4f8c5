/* filelike_freopen, on streams of the C library's and on those of this one. */
#include <config.h>

#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define TEXT "0123456789"

static FILE *opened(const char *path, const char *mode)
{
    FILE *stream = filelike_fopen(path, mode);
    ck_assert_msg(stream != NULL, "%s, \"%s\": %s", path, mode, strerror(errno));
    return stream;
}

static void store(const char *path, const char *text)
{
    FILE *stream = opened(path, "w");
    write_text(stream, text);
    assert_closes(stream);
}

static void assert_holds(const char *path, const char *text)
{
    FILE *stream = opened(path, "r");
    assert_reads(stream, text);
    assert_closes(stream);
}

static void assert_unknown(const char *path)
{
    assert_fails(filelike_fopen(path, "r"), NULL, ENOENT);
}

static bool is_open(int descriptor)
{
    return fcntl(descriptor, F_GETFD) != -1;
}

/* ---- A stream of the C library's -----------------------------------------------------
 */

static const char *const native_paths[] = {"old", "memory:old", "memory:", "temporary:"};

static FILE *open_native(int index)
{
    FILE *stream = opened(native_paths[index], "w+");
    write_text(stream, "pending");
    return stream;
}

/* Changes FILE to PATH. The FILE * and its descriptor must stay the same. */
static void change(FILE *stream, const char *path, const char *mode)
{
    int descriptor = fileno(stream);
    errno = 4711;
    FILE *changed = filelike_freopen(path, mode, stream);
    ck_assert_msg(changed == stream, "%s, \"%s\": %s", path, mode, strerror(errno));
    ck_assert_int_eq(errno, 4711);
    ck_assert_int_eq(fileno(stream), descriptor);
}

/* Checks that the stream works as if filelike_freopen had not been called. */
static void assert_is_as_before(FILE *stream)
{
    write_text(stream, " and more");
    assert_text(stream, "pending and more");
    assert_closes(stream);
}

START_TEST(changes_to_a_file)
{
    FILE *stream = open_native(_i);
    change(stream, "file", "w");
    write_text(stream, TEXT);
    assert_closes(stream);
    ck_assert_str_eq(content("file"), TEXT);
    if (_i == 0)
        ck_assert_str_eq(content("old"), "pending");
    if (_i == 1)
        assert_holds("memory:old", "pending");
}
END_TEST

START_TEST(letters_of_the_c_librarys_reach_it)
{
    FILE *stream = open_native(_i);
    change(stream, "file", "w,ccs=UTF-8");
    ck_assert_int_ge(fputws(L"0123456789", stream), 0);
    assert_closes(stream);
    ck_assert_str_eq(content("file"), TEXT);
}
END_TEST

struct change {
    const char *mode;
    int flags;
    const char *then; /* the bytes after "xy" is written, if the mode allows that */
};

static const struct change changes[] = {
    {"r", O_RDONLY, TEXT},
    {"r+", O_RDWR, "xy23456789"},
    {"w", O_WRONLY, "xy"},
    {"w+", O_RDWR, "xy"},
    {"a", O_WRONLY | O_APPEND, TEXT "xy"},
    {"a+", O_RDWR | O_APPEND, TEXT "xy"},
    {"rb,ccs=UTF-8", O_RDONLY, TEXT},
    {"w+tbe", O_RDWR, "xy"},
};

static void check_change(int index, const struct change *to)
{
    FILE *stream = open_native(index);
    store("memory:name", TEXT);
    change(stream, "memory:name", to->mode);
    int flags = fcntl(fileno(stream), F_GETFL);
    ck_assert_int_eq(flags & (O_ACCMODE | O_APPEND), to->flags);
    ck_assert_int_eq(fcntl(fileno(stream), F_GETFD), FD_CLOEXEC);
    if (to->flags != O_RDONLY)
        write_text(stream, "xy");
    assert_text(stream, to->then);
    assert_closes(stream);
    assert_holds("memory:name", to->then);
}

START_TEST(changes_to_a_name)
{
    for (size_t i = 0; i < COUNT(changes); i++)
        check_change(_i, &changes[i]);
}
END_TEST

START_TEST(appending_starts_at_the_end)
{
    FILE *stream = open_native(_i);
    store("memory:name", TEXT);
    change(stream, "memory:name", "a");
    ck_assert_int_eq(ftello(stream), 10);
    change(stream, "memory:name", "a+");
    ck_assert_int_eq(ftello(stream), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(makes_a_name)
{
    static const char *const modes[] = {"w", "a", "w+", "a+", "wx", "a+x"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_native(_i);
        change(stream, "memory:new", modes[i]);
        write_text(stream, TEXT);
        assert_closes(stream);
        assert_holds("memory:new", TEXT);
        ck_assert_int_eq(filelike_remove("memory:new"), 0);
    }
}
END_TEST

START_TEST(changes_to_memory_without_a_name)
{
    FILE *stream = open_native(_i);
    change(stream, "memory:", "w+");
    write_text(stream, TEXT);
    assert_text(stream, TEXT);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    change(stream, "memory:", "r");
    assert_text(stream, "");
    assert_closes(stream);
}
END_TEST

static void check_mode_change(int index, const struct change *to)
{
    FILE *stream = opened(native_paths[index], "w+");
    write_text(stream, TEXT);
    int descriptor_flags = fcntl(fileno(stream), F_GETFD);
    change(stream, NULL, to->mode);
    int flags = fcntl(fileno(stream), F_GETFL);
    ck_assert_int_eq(flags & (O_ACCMODE | O_APPEND), to->flags);
    if (strchr(to->mode, 'e') == NULL)
        ck_assert_int_eq(fcntl(fileno(stream), F_GETFD), descriptor_flags);
    ck_assert_int_eq(__freadable(stream) != 0, (to->flags & O_WRONLY) == 0);
    ck_assert_int_eq(__fwritable(stream) != 0, to->flags != O_RDONLY);
    if (to->flags != O_RDONLY)
        write_text(stream, "xy");
    assert_text(stream, to->then);
    assert_closes(stream);
}

START_TEST(changes_the_mode)
{
    for (size_t i = 0; i < COUNT(changes); i++)
        check_mode_change(_i, &changes[i]);
}
END_TEST

START_TEST(appending_to_the_same_bytes_starts_at_the_end)
{
    FILE *stream = open_native(_i);
    change(stream, NULL, "a");
    ck_assert_int_eq(ftello(stream), 7);
    change(stream, NULL, "a+");
    ck_assert_int_eq(ftello(stream), 0);
    assert_closes(stream);
}
END_TEST

/* glibc does not free the FILE of a failed freopen, and closing it twice crashes musl.
 * These pointers keep the leak sanitizer from blaming the library. */
static FILE *failed[3];

/* A socket cannot be opened again, so the C library decides. */
START_TEST(streams_on_sockets_are_left_to_the_c_library)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    FILE *stream = failed[0] = fdopen(ends[0], "w");
    ck_assert_ptr_nonnull(stream);
    FILE *changed = filelike_freopen(NULL, "w", stream);
    if (changed == NULL)
        ck_assert_int_eq(errno, ENXIO);
    else
        assert_closes(changed);
    ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

START_TEST(is_closed_where_there_is_nothing)
{
    static const char *const missing[] = {"missing/file", "memory:unknown", ""};
    for (size_t i = 0; i < COUNT(missing); i++) {
        FILE *stream = failed[i] = open_native(_i);
        int descriptor = fileno(stream);
        assert_fails(filelike_freopen(missing[i], "r", stream), NULL, ENOENT);
        ck_assert(!is_open(descriptor));
    }
    store("memory:name", TEXT);
    FILE *stream = open_native(_i);
    int descriptor = fileno(stream);
    assert_fails(filelike_freopen("memory:name", "wx", stream), NULL, EEXIST);
    ck_assert(!is_open(descriptor));
    assert_holds("memory:name", TEXT);
    if (_i == 0)
        ck_assert_str_eq(content("old"), "pending");
}
END_TEST

/* The name needs no descriptor, but freopen does. */
START_TEST(is_closed_where_no_descriptor_is_left)
{
    store("memory:name", TEXT);
    FILE *stream = failed[0] = open_native(_i);
    int descriptor = fileno(stream);
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_fails(filelike_freopen("memory:name", "a", stream), NULL, EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert(!is_open(descriptor));
    assert_holds("memory:name", TEXT);
}
END_TEST

static const char *const invalid[] = {"", "z", "+", ",ccs=UTF-8"};
static const char *const any_path[] = {
    "file", "memory:name", "memory:", "spooled:", "temporary:", "atomic:file", NULL};

/* STREAM stays open after each of these. */
static void refuse_modes(FILE *stream)
{
    for (size_t i = 0; i < COUNT(any_path); i++) {
        assert_fails(filelike_freopen(any_path[i], NULL, stream), NULL, EINVAL);
        for (size_t j = 0; j < COUNT(invalid); j++)
            assert_fails(filelike_freopen(any_path[i], invalid[j], stream), NULL, EINVAL);
    }
    assert_fails(filelike_freopen("memory:name", "rr", stream), NULL, EINVAL);
    assert_fails(filelike_freopen("atomic:file", "w z", stream), NULL, EINVAL);
#ifdef __GLIBC__
    const char *mode = "w,ccs=no such one";
    assert_fails(filelike_freopen("file", mode, stream), NULL, EINVAL);
#endif
    assert_unknown("memory:name");
    ck_assert_ptr_null(content("file"));
}

START_TEST(is_as_before_after_an_invalid_mode)
{
    FILE *stream = open_native(_i);
    refuse_modes(stream);
    assert_is_as_before(stream);
}
END_TEST

START_TEST(is_as_before_after_other_kinds)
{
    static const char *const others[] = {"spooled:", "temporary:", "atomic:file"};
    FILE *stream = open_native(_i);
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_fails(filelike_freopen(others[i], "w", stream), NULL, ENOTSUP);
        assert_fails(filelike_freopen(others[i], "r", stream), NULL, ENOTSUP);
    }
    assert_is_as_before(stream);
    ck_assert_ptr_null(content("file"));
}
END_TEST

START_TEST(is_as_before_without_a_memory_file)
{
    static const struct filelike_options limited = {.size_limit = 100};
    FILE *stream = open_native(_i);
    FILE *watched = filelike_open("memory:name", "w", &limited);
    write_text(watched, TEXT);
    assert_closes(watched);
    assert_fails(filelike_freopen("memory:name", "w", stream), NULL, ENOTSUP);
    assert_holds("memory:name", TEXT);
    assert_is_as_before(stream);
}
END_TEST

static enum fault strike_memfd(enum fault_call call)
{
    if (call != FAULT_MEMFD_CREATE)
        return FAULT_NONE;
    errno = ENOSYS;
    return FAULT_FAILS;
}

static void refuse_memory(FILE *stream)
{
    assert_fails(filelike_freopen("memory:name", "w", stream), NULL, ENOTSUP);
    assert_unknown("memory:name");
    assert_fails(filelike_freopen("memory:", "w", stream), NULL, ENOTSUP);
    if (content("memory:name") != NULL)
        ck_abort_msg("a file is called memory:name");
}

START_TEST(is_as_before_where_the_kernel_has_none)
{
    FILE *stream = open_native(_i);
    store("memory:kept", TEXT);
    faults.no_proc = true;
    refuse_memory(stream);
    assert_fails(filelike_freopen("memory:kept", "w", stream), NULL, ENOTSUP);
    faults.no_proc = false;
    faults.strike = strike_memfd;
    refuse_memory(stream);
    faults.strike = NULL;
    assert_holds("memory:kept", TEXT);
    assert_is_as_before(stream);
}
END_TEST

static void check_callbacks(FILE *stream)
{
    ck_assert_ptr_nonnull(stream);
    assert_fails(filelike_freopen("memory:name", "w", stream), NULL, ENOTSUP);
    assert_fails(filelike_freopen("file", "w", stream), NULL, ENOTSUP);
    assert_fails(filelike_freopen(NULL, "w", stream), NULL, ENOTSUP);
    ck_assert_int_eq(putc('x', stream), 'x');
    assert_closes(stream);
}

START_TEST(streams_without_a_descriptor_are_left_alone)
{
    char block[100];
    char *text;
    size_t size;
    check_callbacks(fmemopen(block, sizeof block, "w"));
    check_callbacks(open_memstream(&text, &size));
    free(text);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- Standard streams ----------------------------------------------------------------
 */

static int print_to_memory(void *context)
{
    (void) context;
    if (filelike_freopen("memory:out", "w", stdout) != stdout ||
        fileno(stdout) != STDOUT_FILENO || fcntl(STDOUT_FILENO, F_GETFD) != 0)
        return 1;
    (void) printf("printed, ");
    if (fflush(stdout) != 0 || system("printf 'a child, '") != 0)
        return 2;
    (void) printf("and printed");
    if (filelike_freopen("file", "w", stdout) != stdout || printf("on disk") != 7)
        return 3;
    FILE *stream = filelike_fopen("memory:out", "r");
    const char *text = stream != NULL ? filelike_view(stream, NULL) : NULL;
    return text != NULL && strcmp(text, "printed, a child, and printed") == 0 ? 0 : 4;
}

START_TEST(standard_output_goes_to_memory)
{
    ck_assert_int_eq(in_child(print_to_memory, NULL), 0);
    ck_assert_str_eq(content("file"), "on disk");
}
END_TEST

static int read_from_memory(void *context)
{
    char line[32];
    (void) context;
    store("memory:in", "one\ntwo\n");
    if (filelike_freopen("memory:in", "r", stdin) != stdin)
        return 1;
    if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "one\n") != 0)
        return 2;
    if (fflush(stdin) != 0 || system("read line && test \"$line\" = two") != 0)
        return 3;
    return 0;
}

START_TEST(standard_input_comes_from_memory)
{
    ck_assert_int_eq(in_child(read_from_memory, NULL), 0);
}
END_TEST

/* A program may have closed its standard streams. */
static int change_a_closed_one(void *context)
{
    (void) context;
    (void) close(STDIN_FILENO);
    (void) close(STDOUT_FILENO);
    FILE *stream = filelike_fopen("memory:name", "w");
    if (stream == NULL || fileno(stream) <= STDERR_FILENO)
        return 1;
    int descriptor = fileno(stream);
    if (filelike_freopen("memory:other", "w", stream) != stream ||
        fileno(stream) != descriptor)
        return 2;
    if (filelike_freopen("memory:out", "w", stdout) != stdout ||
        fileno(stdout) != STDOUT_FILENO)
        return 3;
    return is_open(STDIN_FILENO) ? 4 : 0;
}

START_TEST(numbers_stay_where_standard_ones_are_closed)
{
    ck_assert_int_eq(in_child(change_a_closed_one, NULL), 0);
}
END_TEST

/* ---- A stream of this library's ------------------------------------------------------
 */

static const struct filelike_options limited = {.size_limit = 100};

static FILE *open_ours(int index)
{
    static const char *const paths[] = {
        "memory:old", "memory:", "spooled:", "temporary:", "atomic:old"};
    FILE *stream = index == COUNT(paths) ? filelike_named("w+", NULL)
                                         : filelike_open(paths[index], "w+", &limited);
    ck_assert_ptr_nonnull(stream);
    write_text(stream, "pending");
    return stream;
}

enum { OURS = 6, ATOMIC = 4, NAMED = 5 };

/* The result of closing the old stream shows that it was closed. */
static void assert_was_closed(int index, const char *path)
{
    if (index == 0)
        assert_holds("memory:old", "pending");
    if (index == ATOMIC)
        ck_assert_str_eq(content("old"), "pending");
    if (index == NAMED)
        ck_assert_ptr_null(content(path));
}

static char *path_of(int index, FILE *stream)
{
    return index == NAMED ? strdup(filelike_path(stream)) : NULL;
}

START_TEST(another_stream_is_returned)
{
    static const char *const targets[] = {
        "file", "memory:new", "memory:", "spooled:", "temporary:", "atomic:file"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        FILE *stream = open_ours(_i);
        char *path = path_of(_i, stream);
        errno = 4711;
        FILE *changed = filelike_freopen(targets[i], "w+", stream);
        ck_assert(changed != NULL && errno == 4711);
        assert_was_closed(_i, path);
        write_text(changed, TEXT);
        assert_text(changed, TEXT);
        assert_closes(changed);
        free(path);
    }
    ck_assert_str_eq(content("file"), TEXT);
    assert_holds("memory:new", TEXT);
}
END_TEST

START_TEST(the_same_bytes_are_reopened)
{
    FILE *stream = open_ours(_i);
    errno = 4711;
    FILE *changed = filelike_freopen(NULL, "rt", stream);
    ck_assert(changed != NULL && errno == 4711);
    if (_i == ATOMIC)
        ck_assert_str_eq(content("old"), "pending");
    assert_reads(changed, "pending");
    assert_closes(changed);
}
END_TEST

START_TEST(the_same_bytes_are_truncated)
{
    FILE *stream = open_ours(_i);
    if (_i == ATOMIC) {
        assert_fails(filelike_freopen(NULL, "w", stream), NULL, ENOTSUP);
        assert_is_as_before(stream);
        ck_assert_str_eq(content("old"), "pending and more");
        return;
    }
    FILE *changed = filelike_freopen(NULL, "w+", stream);
    assert_text(changed, "");
    write_text(changed, TEXT);
    assert_text(changed, TEXT);
    assert_closes(changed);
}
END_TEST

START_TEST(ours_is_closed_where_there_is_nothing)
{
    static const char *const missing[] = {
        "missing/file", "memory:unknown", "atomic:missing", ""};
    for (size_t i = 0; i < COUNT(missing); i++) {
        FILE *stream = open_ours(_i);
        char *path = path_of(_i, stream);
        assert_fails(filelike_freopen(missing[i], "r", stream), NULL, ENOENT);
        assert_was_closed(_i, path);
        free(path);
    }
    FILE *stream = open_ours(_i);
    char *path = path_of(_i, stream);
    assert_fails(filelike_freopen("atomic:missing", "r+", stream), NULL, ENOENT);
    assert_was_closed(_i, path);
    free(path);
}
END_TEST

START_TEST(ours_is_as_before_after_an_invalid_call)
{
    FILE *stream = open_ours(_i);
    refuse_modes(stream);
    assert_fails(filelike_freopen("atomic:/dev/null", "w", stream), NULL, EINVAL);
    assert_is_as_before(stream);
}
END_TEST

START_TEST(reads_what_it_has_published)
{
    FILE *stream = open_ours(ATOMIC);
    stream = filelike_freopen("old", "r", stream);
    assert_reads(stream, "pending");
    assert_closes(stream);
    stream = filelike_freopen("atomic:old", "r", open_ours(ATOMIC));
    assert_reads(stream, "pending");
    assert_closes(stream);
    stream = filelike_freopen("atomic:old", "a", open_ours(ATOMIC));
    write_text(stream, " and more");
    ck_assert_str_eq(content("old"), "pending");
    assert_closes(stream);
    ck_assert_str_eq(content("old"), "pending and more");
    ck_assert_str_eq(entries("."), "old");
}
END_TEST

/* ISO C's freopen ignores failures to close the old stream, too. */
START_TEST(lost_writes_of_the_old_one_are_not_told)
{
    FILE *stream = open_ours(_i);
    if (_i == NAMED)
        return;
    write_zeros(stream, 100);
    ck_assert_int_eq(fflush(stream), EOF);
    errno = 4711;
    FILE *changed = filelike_freopen("file", "w", stream);
    ck_assert(changed != NULL && errno == 4711);
    assert_closes(changed);
    if (_i == ATOMIC)
        ck_assert_ptr_null(content("old"));
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static TCase *in_scratch(Suite *suite, const char *name)
{
    TCase *test_case = suite_case(suite, name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    return test_case;
}

static void add_native(TCase *test_case)
{
    int all = COUNT(native_paths);
    tcase_add_loop_test(test_case, changes_to_a_file, 0, all);
    tcase_add_loop_test(test_case, letters_of_the_c_librarys_reach_it, 0, all);
    tcase_add_loop_test(test_case, changes_to_a_name, 0, all);
    tcase_add_loop_test(test_case, appending_starts_at_the_end, 0, all);
    tcase_add_loop_test(test_case, makes_a_name, 0, all);
    tcase_add_loop_test(test_case, changes_to_memory_without_a_name, 0, all);
    tcase_add_loop_test(test_case, changes_the_mode, 0, all);
    tcase_add_loop_test(test_case, appending_to_the_same_bytes_starts_at_the_end, 0, all);
    tcase_add_test(test_case, streams_on_sockets_are_left_to_the_c_library);
    tcase_add_loop_test(test_case, is_closed_where_there_is_nothing, 0, all);
    tcase_add_loop_test(test_case, is_closed_where_no_descriptor_is_left, 0, all);
    tcase_add_loop_test(test_case, is_as_before_after_an_invalid_mode, 0, all);
    tcase_add_loop_test(test_case, is_as_before_after_other_kinds, 0, all);
    tcase_add_loop_test(test_case, is_as_before_without_a_memory_file, 0, all);
    tcase_add_loop_test(test_case, is_as_before_where_the_kernel_has_none, 0, all);
    tcase_add_test(test_case, streams_without_a_descriptor_are_left_alone);
}

static void add_standard(TCase *test_case)
{
    tcase_add_test(test_case, standard_output_goes_to_memory);
    tcase_add_test(test_case, standard_input_comes_from_memory);
    tcase_add_test(test_case, numbers_stay_where_standard_ones_are_closed);
}

static void add_ours(TCase *test_case)
{
    tcase_add_loop_test(test_case, another_stream_is_returned, 0, OURS);
    tcase_add_loop_test(test_case, the_same_bytes_are_reopened, 0, OURS);
    tcase_add_loop_test(test_case, the_same_bytes_are_truncated, 0, OURS);
    tcase_add_loop_test(test_case, ours_is_closed_where_there_is_nothing, 0, OURS);
    tcase_add_loop_test(test_case, ours_is_as_before_after_an_invalid_call, 0, OURS);
    tcase_add_test(test_case, reads_what_it_has_published);
    tcase_add_loop_test(test_case, lost_writes_of_the_old_one_are_not_told, 0, OURS);
}

int main(void)
{
    Suite *suite = suite_create("freopen");
    add_native(in_scratch(suite, "native"));
    add_standard(in_scratch(suite, "standard"));
    add_ours(in_scratch(suite, "ours"));
    return suite_run(suite);
}
