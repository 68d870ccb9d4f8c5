/* Nameless files: the special properties of filelike_temporary's streams. */
#include <config.h>

#include "bounds.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

/* ---- Every way to make one -----------------------------------------------------------
 */

struct way {
    const char *name;
    unsigned flags;
    uint64_t size_limit;
    int tmpfile_error;
};

static const struct way ways[] = {
    {"nameless", 0, 0, 0},
    {"in memory", FILELIKE_IN_MEMORY, 0, 0},
    {"watched", 0, 1 << 24, 0},
    {"watched in memory", FILELIKE_IN_MEMORY, 1 << 24, 0},
    {"no O_TMPFILE (EOPNOTSUPP)", 0, 0, EOPNOTSUPP},
    {"no O_TMPFILE (EISDIR)", 0, 0, EISDIR},
    {"no O_TMPFILE (ENOENT)", 0, 0, ENOENT},
    {"no O_TMPFILE (EINVAL)", 0, 0, EINVAL},
    {"no O_TMPFILE, watched", 0, 1 << 24, EOPNOTSUPP},
};

static FILE *open_way(const struct way *way, const char *mode, mode_t permissions)
{
    struct filelike_options options = {
        .flags = way->flags, .size_limit = way->size_limit, .permissions = permissions};
    faults.tmpfile = way->tmpfile_error;
    FILE *stream = filelike_temporary(mode, &options);
    faults.tmpfile = 0;
    ck_assert_msg(stream != NULL, "%s: %s", way->name, strerror(errno));
    return stream;
}

static struct stat status_of(FILE *stream)
{
    struct stat status;
    ck_assert_int_eq(fstat(filelike_fileno(stream), &status), 0);
    return status;
}

START_TEST(has_no_name)
{
    FILE *stream = open_way(&ways[_i], "w+", 0);
    write_text(stream, "anything");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(status_of(stream).st_nlink, 0);
    ck_assert_str_eq(entries("."), "");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(is_private)
{
    static const mode_t umasks[] = {0, 0200, 0777};
    for (size_t i = 0; i < COUNT(umasks); i++) {
        (void) umask(umasks[i]);
        FILE *stream = open_way(&ways[_i], "w+", 0);
        ck_assert_uint_eq(status_of(stream).st_mode & 07777, 0600);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(has_just_the_permissions_asked_for)
{
    static const mode_t asked[] = {0777, 0666, 0640, 0400, 0200};
    (void) umask(077);
    for (size_t i = 0; i < COUNT(asked); i++) {
        FILE *stream = open_way(&ways[_i], "w+", asked[i]);
        ck_assert_uint_eq(status_of(stream).st_mode & 07777, asked[i]);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(is_closed_on_exec)
{
    static const char *const modes[] = {"w+", "w", "r", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_way(&ways[_i], modes[i], 0);
        int flags = fcntl(filelike_fileno(stream), F_GETFD);
        ck_assert_int_eq(flags & FD_CLOEXEC, FD_CLOEXEC);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(takes_descriptors_only_while_open)
{
    char before[1 << 12];
    (void) snprintf(before, sizeof before, "%s", descriptors());
    FILE *stream = open_way(&ways[_i], "w", 0);
    write_text(stream, "anything");
    assert_closes(stream);
    ck_assert_str_eq(descriptors(), before);
}
END_TEST

/* A large fread reads from the descriptor, past the buffer. */
START_TEST(written_streams_refuse_to_read)
{
    static const char *const modes[] = {"w", "a"};
    static char buffer[1 << 20];
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_way(&ways[_i], modes[i], 0);
        write_text(stream, "0123456789");
        ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
        assert_fails(getc(stream), EOF, REFUSED);
        assert_fails(fread(buffer, 1, sizeof buffer, stream), 0, REFUSED);
        ck_assert(ferror(stream));
        assert_closes(stream);
    }
}
END_TEST

START_TEST(read_streams_refuse_to_write)
{
    FILE *stream = open_way(&ways[_i], "r", 0);
    assert_reads(stream, "");
    assert_fails(putc('a', stream), EOF, REFUSED);
    assert_closes(stream);
}
END_TEST

START_TEST(can_be_mapped)
{
    FILE *stream = open_way(&ways[_i], "w+", 0);
    write_text(stream, "0123456789");
    int descriptor = filelike_fileno(stream);
    char *map = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_mem_eq(map, "0123456789", 10);
    map[3] = 'x';
    rewind(stream);
    assert_reads(stream, "012x456789");
    ck_assert_int_eq(munmap(map, 10), 0);
    assert_closes(stream);
}
END_TEST

static int open_and_die(void *context)
{
    FILE *stream = open_way(context, "w+", 0);
    write_text(stream, "anything");
    (void) fflush(stream);
    return raise(SIGKILL);
}

START_TEST(leaves_nothing_when_killed)
{
    struct way way = ways[_i];
    ck_assert_int_eq(in_child(open_and_die, &way), 128 + SIGKILL);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- The C library's own stream ------------------------------------------------------
 */

START_TEST(answers_fileno)
{
    FILE *stream = filelike_temporary("w+", NULL);
    ck_assert_int_ge(fileno(stream), 0);
    ck_assert_int_eq(fileno(stream), filelike_fileno(stream));
    assert_closes(stream);
}
END_TEST

START_TEST(takes_wide_characters)
{
    FILE *stream = filelike_temporary("w+", NULL);
    ck_assert_int_gt(fwide(stream, 1), 0);
    ck_assert_int_ge(fputws(L"wide\n", stream), 0);
    rewind(stream);
    wchar_t line[16];
    ck_assert_ptr_nonnull(fgetws(line, COUNT(line), stream));
    ck_assert_int_eq(wcscmp(line, L"wide\n"), 0);
    assert_closes(stream);
}
END_TEST

static int64_t truncate_by_one(FILE *stream)
{
    return filelike_truncate(stream, 9);
}

static int64_t detach_and_count(FILE *stream)
{
    size_t size = 0;
    free(filelike_detach(stream, &size));
    return (int64_t) size;
}

static int64_t seek_beneath(FILE *stream)
{
    return lseek(filelike_fileno(stream), 0, SEEK_CUR) < 0;
}

static void push_wide_back(FILE *stream)
{
    ck_assert_int_ge(fputws(L"0123456789", stream), 0);
    rewind(stream);
    ck_assert_uint_eq(fgetwc(stream), L'0');
    ck_assert_uint_eq(ungetwc(L'q', stream), L'q');
}

/* Since glibc 2.43, fclose fails if a wide character was pushed back. */
static int error_of_closing_tmpfile(void)
{
    FILE *stream = tmpfile();
    push_wide_back(stream);
    return fclose(stream) == 0 ? 0 : errno;
}

/* glibc aborts if a seek meets a wide character that was pushed back. */
START_TEST(takes_wide_characters_that_are_pushed_back)
{
    static int64_t (*const calls[])(FILE *) = {
        filelike_size, truncate_by_one, detach_and_count, seek_beneath};
    static const int64_t answers[] = {10, 0, 10, 0};
    int usual = error_of_closing_tmpfile();
    for (size_t i = 0; i < COUNT(calls); i++) {
        FILE *stream = filelike_temporary("w+", NULL);
        push_wide_back(stream);
        ck_assert_int_eq(calls[i](stream), answers[i]);
        ck_assert(fclose(stream) == 0 || errno == usual);
    }
}
END_TEST

START_TEST(can_be_reopened_by_freopen)
{
    FILE *stream = filelike_temporary("w+", NULL);
    write_text(stream, "before");
    ck_assert_ptr_eq(freopen("file", "w+", stream), stream);
    write_text(stream, "after");
    assert_closes(stream);
    ck_assert_str_eq(content("file"), "after");
}
END_TEST

START_TEST(can_do_without_locks)
{
    struct filelike_options options = {.flags = FILELIKE_UNLOCKED};
    FILE *stream = filelike_temporary("w+", &options);
    write_text(stream, "0123456789");
    rewind(stream);
    assert_reads(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

/* ---- On disk -------------------------------------------------------------------------
 */

static bool link_to(FILE *stream, const char *name)
{
    char path[64];
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", filelike_fileno(stream));
    return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

static bool has_nameless_files(void)
{
    int descriptor = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor != -1)
        return close(descriptor) == 0;
    say_skipped("a nameless file gets a name", strerror(errno));
    return false;
}

START_TEST(can_be_linked)
{
    static const char *const modes[] = {"w+", "w", "r"};
    if (!has_nameless_files())
        return;
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = filelike_temporary(modes[i], NULL);
        ck_assert_msg(link_to(stream, "name"), "\"%s\": %s", modes[i], strerror(errno));
        assert_closes(stream);
        ck_assert_int_eq(unlink("name"), 0);
    }
}
END_TEST

/* A directory without nameless files says nothing about the next directory's filesystem.
 */
START_TEST(each_time_tries_again)
{
    if (!has_nameless_files())
        return;
    faults.tmpfile = EOPNOTSUPP;
    FILE *first = filelike_temporary("w+", NULL);
    faults.tmpfile = 0;
    FILE *second = filelike_temporary("w+", NULL);
    ck_assert(!link_to(first, "first"));
    ck_assert(link_to(second, "second"));
    assert_closes(first);
    assert_closes(second);
}
END_TEST

static enum fault remove_first(enum fault_call call)
{
    if (call == FAULT_UNLINKAT)
        ck_assert_int_eq(unlink(entries(".")), 0);
    return FAULT_NONE;
}

/* Without O_TMPFILE the file has a name for a moment. Somebody else may remove it. */
START_TEST(name_may_be_gone_already)
{
    faults = (struct faults){.tmpfile = EOPNOTSUPP, .strike = remove_first};
    FILE *stream = filelike_temporary("w+", NULL);
    faults = (struct faults){0};
    ck_assert_ptr_nonnull(stream);
    write_text(stream, "0123");
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

START_TEST(lies_in_the_directory_given)
{
    char link[64];
    char path[1 << 12] = "";
    ck_assert_int_eq(mkdir("other", 0700), 0);
    struct filelike_options options = {.dir = "other"};
    FILE *stream = filelike_temporary("w+", &options);
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", filelike_fileno(stream));
    if (readlink(link, path, sizeof path - 1) == -1)
        say_skipped("lies_in_the_directory_given", "there is no /proc");
    else
        ck_assert_msg(strstr(path, "/other/") != NULL, "it is %s", path);
    assert_closes(stream);
}
END_TEST

/* ---- In the kernel's memory ----------------------------------------------------------
 */

START_TEST(in_memory_needs_no_directory)
{
    struct filelike_options options = {.dir = "/missing", .flags = FILELIKE_IN_MEMORY};
    FILE *stream = filelike_temporary("w+", &options);
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_ge(fileno(stream), 0);
    write_text(stream, "0123456789");
    rewind(stream);
    assert_reads(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

enum { MAY_EXECUTE = 010, NOEXEC_SEAL = 8, SEAL_EXEC = 0x20 }; /* the kernel's, 6.3 */

static bool is_sealed(mode_t permissions)
{
    struct filelike_options options = {
        .flags = FILELIKE_IN_MEMORY, .permissions = permissions};
    FILE *stream = filelike_temporary("w+", &options);
    ck_assert_msg(stream != NULL, "%s", strerror(errno));
    int seals = fcntl(filelike_fileno(stream), F_GET_SEALS);
    assert_closes(stream);
    return seals != -1 && (seals & SEAL_EXEC) != 0;
}

/* vm.memfd_noexec may make the kernel refuse a memory file without such a flag. */
START_TEST(in_memory_says_whether_it_may_be_executed)
{
    int descriptor = memfd_create("test", MFD_CLOEXEC | NOEXEC_SEAL);
    if (descriptor == -1) {
        say_skipped("a memory file that is not executed", strerror(errno));
        return;
    }
    ck_assert_int_eq(close(descriptor), 0);
    ck_assert(is_sealed(0));
    ck_assert(is_sealed(0640));
    ck_assert(!is_sealed(0600 | MAY_EXECUTE));
}
END_TEST

/* Without /proc the bytes of a file opened only to write cannot be read. */
START_TEST(bytes_that_cannot_be_read)
{
    FILE *stream = filelike_temporary("w", NULL);
    write_text(stream, "0123");
    faults.no_proc = true;
    assert_fails(filelike_view(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_detach(stream, NULL), NULL, ENOTSUP);
    faults.no_proc = false;
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

/* More than any block of memory. */
START_TEST(bytes_that_are_too_many)
{
    bounds_allow_far_positions();
    struct filelike_options options = {.flags = FILELIKE_IN_MEMORY};
    FILE *stream = filelike_temporary("w+", &options);
    write_text(stream, "0123");
    if (filelike_truncate(stream, INT64_MAX) != 0) {
        say_skipped("bytes that are too many", strerror(errno));
    } else {
        assert_fails(filelike_view(stream, NULL), NULL, ENOMEM);
        assert_fails(filelike_detach(stream, NULL), NULL, ENOMEM);
        ck_assert_int_eq(filelike_size(stream), INT64_MAX);
        ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    }
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

/* ---- Refusals ------------------------------------------------------------------------
 */

START_TEST(refuses_directories_that_do_not_work)
{
    make_file("file", "");
    struct filelike_options missing = {.dir = "missing"};
    struct filelike_options no_directory = {.dir = "file"};
    struct filelike_options empty = {.dir = ""};
    assert_fails(filelike_temporary("w+", &missing), NULL, ENOENT);
    assert_fails(filelike_temporary("w+", &no_directory), NULL, ENOTDIR);
    assert_fails(filelike_temporary("w+", &empty), NULL, ENOENT);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static TCase *in_scratch(const char *name)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    return test_case;
}

static TCase *over_ways(void)
{
    TCase *test_case = in_scratch("every way");
    tcase_add_loop_test(test_case, has_no_name, 0, COUNT(ways));
    tcase_add_loop_test(test_case, is_private, 0, COUNT(ways));
    tcase_add_loop_test(test_case, has_just_the_permissions_asked_for, 0, COUNT(ways));
    tcase_add_loop_test(test_case, is_closed_on_exec, 0, COUNT(ways));
    tcase_add_loop_test(test_case, takes_descriptors_only_while_open, 0, COUNT(ways));
    tcase_add_loop_test(test_case, written_streams_refuse_to_read, 0, COUNT(ways));
    tcase_add_loop_test(test_case, read_streams_refuse_to_write, 0, COUNT(ways));
    tcase_add_loop_test(test_case, can_be_mapped, 0, COUNT(ways));
    tcase_add_loop_test(test_case, leaves_nothing_when_killed, 0, COUNT(ways));
    return test_case;
}

static TCase *native(void)
{
    TCase *test_case = in_scratch("native");
    tcase_add_test(test_case, answers_fileno);
    tcase_add_test(test_case, takes_wide_characters);
    tcase_add_test(test_case, takes_wide_characters_that_are_pushed_back);
    tcase_add_test(test_case, can_be_reopened_by_freopen);
    tcase_add_test(test_case, can_do_without_locks);
    tcase_add_test(test_case, can_be_linked);
    tcase_add_test(test_case, each_time_tries_again);
    tcase_add_test(test_case, name_may_be_gone_already);
    tcase_add_test(test_case, lies_in_the_directory_given);
    tcase_add_test(test_case, in_memory_needs_no_directory);
    tcase_add_test(test_case, in_memory_says_whether_it_may_be_executed);
    tcase_add_test(test_case, bytes_that_cannot_be_read);
    tcase_add_test(test_case, bytes_that_are_too_many);
    return test_case;
}

static TCase *refusals(void)
{
    TCase *test_case = in_scratch("refusals");
    tcase_add_test(test_case, refuses_directories_that_do_not_work);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("temporary");
    suite_add_tcase(suite, over_ways());
    suite_add_tcase(suite, native());
    suite_add_tcase(suite, refusals());
    return suite_run(suite);
}
