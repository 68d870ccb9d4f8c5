/* The memory: paths of filelike_fopen. Their streams are native, on memory files of the
 * kernel. Without memory files they are streams with callbacks. */
#include <config.h>

#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* ---- Properties of a file ------------------------------------------------------------
 */

static const char *const paths[] = {"memory:", "memory:name"};

static struct stat status_of(FILE *stream)
{
    struct stat status;
    ck_assert_int_eq(fstat(fileno(stream), &status), 0);
    return status;
}

START_TEST(has_a_descriptor_at_once)
{
    static const struct {
        const char *mode;
        int flags;
    } modes[] = {{"r", O_RDONLY}, {"w", O_WRONLY}, {"a", O_WRONLY | O_APPEND},
        {"r+", O_RDWR}, {"w+", O_RDWR}, {"a+", O_RDWR | O_APPEND}};
    store("memory:name", "");
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = opened(paths[_i], modes[i].mode);
        int descriptor = fileno(stream);
        ck_assert_int_ge(descriptor, 3);
        ck_assert_int_eq(filelike_fileno(stream), descriptor);
        ck_assert_int_eq(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
        int flags = fcntl(descriptor, F_GETFL);
        ck_assert_int_eq(flags & (O_ACCMODE | O_APPEND), modes[i].flags);
        ck_assert(S_ISREG(status_of(stream).st_mode));
        ck_assert_int_eq(filelike_in_memory(stream), 1);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(reading_and_writing_are_refused_by_the_mode)
{
    char block[1 << 16];
    store("memory:name", "");
    FILE *writer = opened(paths[_i], "w");
    write_text(writer, TEXT);
    assert_fails(fread(block, 1, sizeof block, writer), 0, REFUSED);
    assert_closes(writer);
    FILE *reader = opened(paths[_i], "r");
    assert_fails(putc('x', reader), EOF, REFUSED);
    ck_assert(write(fileno(reader), "x", 1) == -1 && errno == EBADF);
    assert_closes(reader);
}
END_TEST

START_TEST(shares_its_position_with_the_descriptor)
{
    FILE *stream = opened(paths[_i], "w+");
    write_text(stream, "header ");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(write(fileno(stream), "middle ", 7), 7);
    write_text(stream, "trailer");
    assert_text(stream, "header middle trailer");
    assert_closes(stream);
}
END_TEST

START_TEST(can_be_truncated_and_mapped)
{
    FILE *stream = opened(paths[_i], "w+");
    write_text(stream, TEXT);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(ftruncate(fileno(stream), 5), 0);
    ck_assert_int_eq(status_of(stream).st_size, 5);
    char *bytes = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(stream), 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    ck_assert(memcmp(bytes, "01234", 5) == 0);
    bytes[0] = 'x';
    assert_text(stream, "x1234");
    ck_assert_int_eq(munmap(bytes, 5), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(takes_wide_characters)
{
    wchar_t line[32];
    FILE *stream = opened(paths[_i], "w+");
    ck_assert_int_gt(fwide(stream, 1), 0);
    ck_assert_int_ge(fputws(L"wide\n", stream), 0);
    ck_assert_int_eq(fwprintf(stream, L"%d\n", 42), 3);
    rewind(stream);
    ck_assert_ptr_eq(fgetws(line, COUNT(line), stream), line);
    ck_assert_int_eq(wcscmp(line, L"wide\n"), 0);
    ck_assert_uint_eq(fgetwc(stream), L'4');
    ck_assert_uint_eq(ungetwc(L'x', stream), L'x');
    ck_assert_uint_eq(getwc(stream), L'x');
    assert_closes(stream);
}
END_TEST

START_TEST(can_be_reopened_by_freopen)
{
    FILE *stream = opened(paths[_i], "w");
    write_text(stream, TEXT);
    ck_assert_ptr_eq(freopen(NULL, "r+", stream), stream);
#ifdef __GLIBC__ /* on musl it does not change the access */
    assert_text(stream, TEXT);
    make_file("file", "on disk");
    ck_assert_ptr_eq(freopen("file", "r", stream), stream);
    assert_reads(stream, "on disk");
#endif
    assert_closes(stream);
}
END_TEST

/* The child writes at the stream's position. The stream goes on after these bytes. */
START_TEST(goes_on_where_a_child_has_written)
{
    FILE *stream = opened(paths[_i], "w+");
    write_text(stream, "parent, ");
    ck_assert_int_eq(fflush(stream), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(write(fileno(stream), "child, ", 7) != 7);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    write_text(stream, "parent");
    assert_text(stream, "parent, child, parent");
    assert_closes(stream);
}
END_TEST

START_TEST(can_be_opened_through_its_path)
{
    FILE *stream = opened(paths[_i], "w+");
    write_text(stream, TEXT);
    ck_assert_str_eq(content(filelike_path(stream)), TEXT);
    assert_closes(stream);
}
END_TEST

START_TEST(has_the_buffer_that_is_asked_for)
{
    static const struct filelike_options options = {
        .buffer_size = 10, .flags = FILELIKE_UNLOCKED};
    FILE *stream = filelike_open(paths[_i], "w+", &options);
    write_text(stream, TEXT);
    write_text(stream, "x");
#if FILELIKE_GLIBC_INTERNALS
    ck_assert_int_eq(status_of(stream).st_size, 10);
#endif
    assert_text(stream, TEXT "x");
    assert_closes(stream);
}
END_TEST

START_TEST(is_private_to_the_user)
{
    FILE *anonymous = opened("memory:", "w");
    ck_assert_uint_eq(status_of(anonymous).st_mode & 07777, 0600);
    assert_closes(anonymous);
    const struct filelike_options options = {.permissions = 0640};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *stream = filelike_open(paths[i], "w", &options);
        ck_assert_uint_eq(status_of(stream).st_mode & 07777, 0640);
        assert_closes(stream);
    }
}
END_TEST

/* Closes STREAM. */
static void assert_copy_is_private(FILE *stream)
{
    ck_assert_int_eq(filelike_persist(stream, "copy", 0), 0);
    ck_assert_uint_eq(mode_of("copy"), 0640);
    assert_closes(stream);
    ck_assert_int_eq(remove("copy"), 0);
}

/* Whoever opens a name later need not ask for them again. */
START_TEST(copies_have_the_permissions_that_were_asked_for)
{
    const struct filelike_options options = {.permissions = 0640};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *stream = filelike_open(paths[i], "w", &options);
        FILE *second = filelike_reopen(stream, "r");
        assert_copy_is_private(stream);
        assert_copy_is_private(second);
    }
    assert_copy_is_private(opened("memory:name", "r"));
    make_file("source", TEXT);
    assert_copy_is_private(filelike_open("atomic:source", "r", &options));
    FILE *changed = filelike_freopen("memory:name", "r", opened("memory:", "w"));
    assert_copy_is_private(changed);
}
END_TEST

/* The opening that makes a file may do what its mode says, as that of open. */
static int open_with_permissions(void *context)
{
    static const mode_t permissions[] = {0400, 0200, 0040};
    static const char *const modes[] = {"w", "w+", "a"};
    (void) context;
    for (size_t i = 0; i < COUNT(paths) * COUNT(permissions) * COUNT(modes); i++) {
        const struct filelike_options options = {.permissions = permissions[i / 2 % 3]};
        FILE *stream = filelike_open(paths[i % 2], modes[i / 6], &options);
        if (stream == NULL || fileno(stream) == -1)
            return EXIT_FAILURE;
        ck_assert_uint_eq(status_of(stream).st_mode & 07777, options.permissions);
        write_text(stream, TEXT);
        assert_closes(stream);
        (void) filelike_remove("memory:name");
    }
    return EXIT_SUCCESS;
}

START_TEST(permissions_do_not_hinder_the_opening)
{
    ck_assert_int_eq(as_nobody(open_with_permissions, NULL), EXIT_SUCCESS);
}
END_TEST

/* ---- Several openings of a name ------------------------------------------------------
 */

START_TEST(each_opening_has_a_position_of_its_own)
{
    store("memory:name", TEXT);
    FILE *one = opened("memory:name", "r");
    FILE *two = opened("memory:name", "r+");
    ck_assert_int_eq(getc(one), '0');
    ck_assert_int_eq(lseek(fileno(two), 0, SEEK_CUR), 0);
    ck_assert_int_eq(lseek(fileno(two), 5, SEEK_SET), 5);
    assert_reads(one, "123456789");
    ck_assert_int_eq(getc(two), '5');
    assert_closes(one);
    assert_closes(two);
}
END_TEST

START_TEST(append_modes_start_as_they_should)
{
    store("memory:name", TEXT);
    FILE *stream = opened("memory:name", "a");
    ck_assert_int_eq(ftello(stream), 10);
    assert_closes(stream);
    stream = opened("memory:name", "a+");
    ck_assert_int_eq(ftello(stream), 0);
    ck_assert_int_eq(getc(stream), '0');
    assert_closes(stream);
}
END_TEST

/* The memory file has a mode that still allows another user to open it. */
static int open_by_name(void *context)
{
    (void) context;
    FILE *stream = filelike_fopen("memory:name", "a");
    if (stream == NULL || fileno(stream) == -1 || fputs("nobody's", stream) == EOF ||
        fclose(stream) != 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

START_TEST(names_outlive_setuid)
{
    store("memory:name", TEXT);
    ck_assert_int_eq(as_nobody(open_by_name, NULL), EXIT_SUCCESS);
    assert_holds("memory:name", TEXT "nobody's");
}
END_TEST

static int change_names(void *context)
{
    (void) context;
    store("memory:name", "child's");
    store("memory:own", "child's");
    store("memory:other", "changed");
    if (filelike_remove("memory:other") != 0 || filelike_fopen("memory:other", "r"))
        return EXIT_FAILURE;
    return filelike_rename("memory:name", "memory:renamed") == 0 ? EXIT_SUCCESS
                                                                 : EXIT_FAILURE;
}

START_TEST(a_child_shares_the_bytes_of_names)
{
    store("memory:name", TEXT);
    store("memory:other", TEXT);
    ck_assert_int_eq(in_child(change_names, NULL), EXIT_SUCCESS);
    assert_holds("memory:name", "child's");
    assert_holds("memory:other", "changed");
    assert_fails(filelike_fopen("memory:own", "r"), NULL, ENOENT);
    assert_fails(filelike_fopen("memory:renamed", "r"), NULL, ENOENT);
}
END_TEST

START_TEST(names_are_no_files)
{
    struct stat status;
    store("memory:name", TEXT);
    assert_fails(open("memory:name", O_RDONLY), -1, ENOENT);
    assert_fails(access("memory:name", F_OK), -1, ENOENT);
    assert_fails(stat("memory:name", &status), -1, ENOENT);
    assert_fails(unlink("memory:name"), -1, ENOENT);
    assert_holds("memory:name", TEXT);
}
END_TEST

/* ---- Descriptors ---------------------------------------------------------------------
 */

static size_t count_descriptors(void)
{
    size_t count = 0;
    for (const char *text = descriptors(); *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

START_TEST(nothing_is_left_open)
{
    size_t before = count_descriptors();
    store("memory:name", TEXT);
    ck_assert_uint_eq(count_descriptors(), before + 1);
    FILE *stream = opened("memory:name", "r");
    ck_assert_uint_eq(count_descriptors(), before + 2);
    ck_assert_int_eq(filelike_rename("memory:name", "memory:other"), 0);
    ck_assert_int_eq(filelike_remove("memory:other"), 0);
    ck_assert_uint_eq(count_descriptors(), before + 1);
    assert_closes(stream);
    assert_closes(opened("memory:", "w"));
    ck_assert_uint_eq(count_descriptors(), before);
    assert_fails(filelike_fopen("memory:name", "r"), NULL, ENOENT);
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

static void name_of(int number, char name[32])
{
    (void) snprintf(name, 32, "memory:%d", number);
}

static void assert_all_hold(int first, int end)
{
    char name[32];
    for (int i = first; i < end; i++) {
        name_of(i, name);
        assert_holds(name, name);
    }
}

START_TEST(names_keep_half_of_the_descriptors_at_most)
{
    enum { LIMIT = 60, MANY = 100 };
    struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
    char name[32];
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t before = count_descriptors();
    for (int i = 0; i < MANY; i++) {
        name_of(i, name);
        store(name, name);
        ck_assert_uint_le(count_descriptors(), before + LIMIT / 2);
    }
    ck_assert_uint_eq(count_descriptors(), before + LIMIT / 2);
    assert_all_hold(0, MANY);
    for (int i = 0; i < MANY / 2; i++) {
        name_of(i, name);
        ck_assert_int_eq(filelike_remove(name), 0);
    }
    ck_assert_uint_eq(count_descriptors(), before);
    store("memory:again", TEXT);
    ck_assert_uint_eq(count_descriptors(), before + 1);
    assert_all_hold(MANY / 2, MANY);
}
END_TEST

/* All streams of the name then share its one descriptor. */
START_TEST(opens_a_name_without_a_descriptor_to_spare)
{
    store("memory:name", TEXT);
    allow_descriptors(0);
    FILE *reader = opened("memory:name", "r");
    FILE *appender = opened("memory:name", "a");
    FILE *updater = opened("memory:name", "r+");
    write_text(appender, "ab");
    ck_assert_int_eq(fflush(appender), 0);
    write_text(updater, "xy");
    ck_assert_int_eq(fflush(updater), 0);
    assert_reads(reader, "xy23456789ab");
    assert_closes(opened("memory:name", "w"));
    assert_text(updater, "");
    store("memory:another", TEXT);
    assert_holds("memory:another", TEXT);
    allow_descriptors(-1);
    ck_assert_int_eq(filelike_remove("memory:name"), 0);
    write_text(updater, "z");
    assert_bytes(updater, "\0\0z", 3);
    assert_closes(reader);
    assert_closes(appender);
    assert_closes(updater);
}
END_TEST

/* A daemon closes all descriptors when it starts. The library must not touch a file that
 * gets one of these numbers later. */
START_TEST(closing_all_descriptors_takes_the_bytes)
{
    make_file("file", "somebody else's");
    int next = dup(STDERR_FILENO);
    ck_assert_int_eq(close(next), 0);
    store("memory:name", TEXT);
    store("memory:other", TEXT);
    ck_assert(close(next) == 0 && close(next + 1) == 0);
    ck_assert_int_eq(open("file", O_RDWR | O_CLOEXEC), next);
    assert_fails(filelike_fopen("memory:name", "r"), NULL, ENOENT);
    assert_fails(filelike_remove("memory:other"), -1, ENOENT);
    store("memory:name", "new");
    assert_holds("memory:name", "new");
    ck_assert_str_eq(content("file"), "somebody else's");
    ck_assert_int_eq(close(next), 0);
}
END_TEST

/* The number may also be that of something without positions. */
START_TEST(pipe_in_place_of_a_name_takes_the_bytes)
{
    int ends[2];
    int next = dup(STDERR_FILENO);
    ck_assert_int_eq(close(next), 0);
    store("memory:name", TEXT);
    ck_assert_int_eq(close(next), 0);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ends[0], next);
    assert_fails(filelike_fopen("memory:name", "r"), NULL, ENOENT);
    ck_assert(close(ends[0]) == 0 && close(ends[1]) == 0);
}
END_TEST

static enum fault strike_lseek(enum fault_call call)
{
    if (call != FAULT_LSEEK)
        return FAULT_NONE;
    faults.strike = NULL;
    errno = EOVERFLOW;
    return FAULT_FAILS;
}

/* Any other failure tells nothing about the file. */
START_TEST(names_outlive_a_failed_question)
{
    store("memory:name", TEXT);
    faults.strike = strike_lseek;
    assert_holds("memory:name", TEXT);
    ck_assert(faults.strike == NULL);
    assert_holds("memory:name", TEXT);
}
END_TEST

START_TEST(budget_bounds_bytes_without_a_name)
{
    filelike_budget *budget = filelike_budget_new(8);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_open("memory:", "w+", &options);
    ck_assert_ptr_nonnull(stream);
    write_text(stream, TEXT);
    assert_fails(fflush(stream), EOF, ENOMEM);
    ck_assert_uint_le(filelike_budget_used(budget), 8);
    assert_closes_with(stream, ENOMEM);
    filelike_budget_free(budget);
}
END_TEST

/* ---- Without memory files ------------------------------------------------------------
 */

static enum fault strike_memfd(enum fault_call call)
{
    if (call != FAULT_MEMFD_CREATE)
        return FAULT_NONE;
    errno = ENOSYS;
    return FAULT_FAILS;
}

static void deny_memory_files(void)
{
    faults.strike = strike_memfd;
}

static void deny_proc(void)
{
    faults.no_proc = true;
}

static void deny_descriptors(void)
{
    allow_descriptors(0);
}

static void (*const denials[])(void) = {deny_memory_files, deny_proc, deny_descriptors};

static void allow_all(void)
{
    faults.strike = NULL;
    faults.no_proc = false;
    allow_descriptors(-1);
}

static void assert_is_memory_stream(const char *path)
{
    FILE *stream = opened(path, "w");
    ck_assert_int_eq(fileno(stream), -1);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    assert_closes(stream);
}

START_TEST(does_without)
{
    denials[_i]();
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_is_memory_stream(paths[i]);
    FILE *writer = opened("memory:name", "w");
    FILE *reader = opened("memory:name", "r");
    write_text(writer, TEXT);
    assert_closes(writer);
    assert_reads(reader, TEXT);
    assert_closes(reader);
    assert_fails(filelike_fopen("memory:name", "wx"), NULL, EEXIST);
    assert_fails(filelike_fopen("memory:unknown", "r"), NULL, ENOENT);
    ck_assert_int_eq(filelike_rename("memory:name", "memory:other"), 0);
    assert_holds("memory:other", TEXT);
    ck_assert_int_eq(filelike_remove("memory:other"), 0);
    allow_all();
}
END_TEST

START_TEST(success_leaves_errno_there_too)
{
    denials[_i]();
    for (size_t i = 0; i < COUNT(paths); i++) {
        errno = 4711;
        FILE *stream = filelike_fopen(paths[i], "w");
        ck_assert(stream != NULL && errno == 4711);
        assert_closes(stream);
    }
    allow_all();
}
END_TEST

/* Without /proc no memory file can be made, but the name has one already. */
START_TEST(names_outlive_proc)
{
    store("memory:name", TEXT);
    faults.no_proc = true;
    FILE *stream = opened("memory:name", "r+");
    assert_text(stream, TEXT);
    write_text(stream, "xy");
    assert_closes(stream);
    faults.no_proc = false;
    assert_holds("memory:name", "xy23456789");
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
    int both = COUNT(paths);
    tcase_add_loop_test(test_case, has_a_descriptor_at_once, 0, both);
    tcase_add_loop_test(test_case, reading_and_writing_are_refused_by_the_mode, 0, both);
    tcase_add_loop_test(test_case, shares_its_position_with_the_descriptor, 0, both);
    tcase_add_loop_test(test_case, can_be_truncated_and_mapped, 0, both);
    tcase_add_loop_test(test_case, takes_wide_characters, 0, both);
    tcase_add_loop_test(test_case, can_be_reopened_by_freopen, 0, both);
    tcase_add_loop_test(test_case, goes_on_where_a_child_has_written, 0, both);
    tcase_add_loop_test(test_case, can_be_opened_through_its_path, 0, both);
    tcase_add_loop_test(test_case, has_the_buffer_that_is_asked_for, 0, both);
    tcase_add_test(test_case, is_private_to_the_user);
    tcase_add_test(test_case, copies_have_the_permissions_that_were_asked_for);
    tcase_add_test(test_case, permissions_do_not_hinder_the_opening);
}

static void add_names(TCase *test_case)
{
    tcase_add_test(test_case, each_opening_has_a_position_of_its_own);
    tcase_add_test(test_case, append_modes_start_as_they_should);
    tcase_add_test(test_case, names_outlive_setuid);
    tcase_add_test(test_case, names_are_no_files);
    tcase_add_test(test_case, a_child_shares_the_bytes_of_names);
    tcase_add_test(test_case, nothing_is_left_open);
    tcase_add_test(test_case, names_keep_half_of_the_descriptors_at_most);
    tcase_add_test(test_case, opens_a_name_without_a_descriptor_to_spare);
    tcase_add_test(test_case, closing_all_descriptors_takes_the_bytes);
    tcase_add_test(test_case, pipe_in_place_of_a_name_takes_the_bytes);
    tcase_add_test(test_case, names_outlive_a_failed_question);
    tcase_add_test(test_case, budget_bounds_bytes_without_a_name);
}

static void add_fallback(TCase *test_case)
{
    tcase_add_loop_test(test_case, does_without, 0, COUNT(denials));
    tcase_add_loop_test(test_case, success_leaves_errno_there_too, 0, COUNT(denials));
    tcase_add_test(test_case, names_outlive_proc);
}

int main(void)
{
    Suite *suite = suite_create("memory paths");
    add_native(in_scratch(suite, "native"));
    add_names(in_scratch(suite, "names"));
    add_fallback(in_scratch(suite, "fallback"));
    return suite_run(suite);
}
