/* Other users of a stream's bytes: filelike_fileno, filelike_path, filelike_rollover. */
#include <config.h>

#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_kind(int kind, const char *name)
{
    return strcmp(kinds[kind].name, name) == 0;
}

/* glibc's tmpfile and fopen do not set FD_CLOEXEC by themselves. */
static bool is_of_library(const struct kind *kind)
{
    return kind_has(kind, KIND_OPTIONS) || kind_has(kind, KIND_WATCHED);
}

static int descriptor_of(FILE *stream)
{
    int descriptor = filelike_fileno(stream);
    ck_assert_msg(descriptor >= 0, "%s", strerror(errno));
    return descriptor;
}

static off_t offset_of(FILE *stream)
{
    return lseek(descriptor_of(stream), 0, SEEK_CUR);
}

/* ---- A descriptor --------------------------------------------------------------------
 */

START_TEST(descriptor_holds_the_bytes)
{
    char read[16] = "";
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(pread(descriptor, read, sizeof read, 0), 10);
    ck_assert_mem_eq(read, "0123456789", 10);
    write_text(stream, "abc");
    ck_assert_int_eq(descriptor_of(stream), descriptor);
    ck_assert_int_eq(pread(descriptor, read, sizeof read, 0), 13);
    ck_assert_mem_eq(read, "0123456789abc", 13);
    assert_closes(stream);
}
END_TEST

START_TEST(descriptor_belongs_to_the_stream)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    int descriptor = descriptor_of(stream);
    int flags = fcntl(descriptor, F_GETFD);
    ck_assert(!is_of_library(&kinds[_i]) || (flags & FD_CLOEXEC) != 0);
    assert_closes(stream);
    assert_fails(fcntl(descriptor, F_GETFD), -1, EBADF);
}
END_TEST

START_TEST(descriptor_is_at_the_position)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(offset_of(stream), 0);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(getc(stream), '1');
    ck_assert_int_eq(offset_of(stream), 2);
    ck_assert_int_eq(fseeko(stream, 5, SEEK_SET), 0);
    ck_assert_int_eq(offset_of(stream), 5);
    write_text(stream, "ab");
    ck_assert_int_eq(offset_of(stream), 7);
    ck_assert_int_eq(fseeko(stream, 100, SEEK_SET), 0);
    ck_assert_int_eq(offset_of(stream), 100);
    ck_assert_int_eq(ftello(stream), 100);
    assert_text(stream, "01234ab789");
    assert_closes(stream);
}
END_TEST

START_TEST(descriptor_is_at_the_end_where_appended)
{
    FILE *stream = open_text(&kinds[_i], "0123", "a");
    if (stream == NULL)
        return;
    if (APPEND_STARTS_AT_END || kind_has(&kinds[_i], KIND_WATCHED))
        ck_assert_int_eq(offset_of(stream), 4);
    write_text(stream, "45");
    ck_assert_int_eq(offset_of(stream), 6);
    assert_text(stream, "012345");
    assert_closes(stream);
}
END_TEST

START_TEST(stream_goes_on)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    (void) descriptor_of(stream);
    ck_assert_int_eq(getc(stream), '1');
    (void) descriptor_of(stream);
    assert_reads(stream, "23456789");
    (void) descriptor_of(stream);
    ck_assert_int_eq(fseeko(stream, -2, SEEK_END), 0);
    write_text(stream, "abc");
    assert_text(stream, "01234567abc");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    assert_text(stream, "0123");
    size_t size;
    char *bytes = filelike_detach(stream, &size);
    ck_assert_str_eq(bytes, "0123");
    free(bytes);
    write_text(stream, "anew");
    assert_text(stream, "anew");
    assert_closes(stream);
}
END_TEST

START_TEST(what_others_write_is_seen)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(write(descriptor, "ab", 2), 2);
    ck_assert_int_eq(pwrite(descriptor, "XY", 2, 10), 2);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
    assert_reads(stream, "0ab3456789XY");
    assert_text(stream, "0ab3456789XY");
    ck_assert_int_eq(ftruncate(descriptor, 3), 0);
    ck_assert_int_eq(filelike_size(stream), 3);
    assert_text(stream, "0ab");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "!");
    assert_text(stream, "0ab!");
    assert_closes(stream);
}
END_TEST

START_TEST(reopened_streams_share_the_descriptor)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    FILE *reader = filelike_reopen(stream, "r");
    ck_assert_int_eq(getc(reader), '0');
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(pwrite(descriptor, "abc", 3, 7), 3);
    ck_assert_int_eq(fseeko(reader, 7, SEEK_SET), 0);
    assert_reads(reader, "abc");
    assert_closes(stream);
    assert_text(reader, "0123456abc");
    assert_closes(reader);
}
END_TEST

/* ---- The place of the bytes ----------------------------------------------------------
 */

/* The bytes of a spooled stream go to disk. Those of a stream in memory go to a memory
 * file. */
START_TEST(bytes_go_where_they_belong)
{
    FILE *stream = open_text(&kinds[_i], "0", "r+");
    bool spooled = strncmp(kinds[_i].name, "spooled", strlen("spooled")) == 0;
    bool stays = kind_has(&kinds[_i], KIND_IN_MEMORY) && !spooled;
    (void) descriptor_of(stream);
    ck_assert_int_eq(filelike_in_memory(stream), stays);
    assert_closes(stream);
}
END_TEST

START_TEST(bytes_with_a_budget_go_to_disk)
{
    filelike_budget *budget = filelike_budget_new(1 << 20);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_memory("w+", &options);
    write_text(stream, "0123456789");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_gt(filelike_budget_used(budget), 0);
    (void) descriptor_of(stream);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_text(stream, "0123456789");
    assert_closes(stream);
    filelike_budget_free(budget);
}
END_TEST

START_TEST(bytes_that_cannot_move_stay)
{
    struct filelike_options options = {.dir = "missing"};
    FILE *stream = filelike_spooled("w+", &options);
    write_text(stream, "0123456789");
    assert_fails(filelike_fileno(stream), -1, ENOENT);
    assert_fails(filelike_path(stream), NULL, ENOENT);
    assert_fails(filelike_rollover(stream), -1, ENOENT);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_text(stream, "0123456789");
    ck_assert_int_eq(mkdir("missing", 0700), 0);
    (void) descriptor_of(stream);
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

/* A view must not take memory for the holes. Memory files never fail for want of space.
 */
START_TEST(holes_of_memory_files_stay_holes)
{
    enum { SIZE = 1 << 26, SOME = 1 << 20, BLOCK_SIZE = 512 };
    struct stat status;
    FILE *stream = filelike_memory("w+", NULL);
    write_text(stream, "0123456789");
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(filelike_truncate(stream, SIZE), 0);
    const char *view = filelike_view(stream, NULL);
    ck_assert_ptr_nonnull(view);
    ck_assert_int_eq(view[9] + view[SIZE - 1], '9');
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_lt(status.st_blocks, SOME / BLOCK_SIZE);
    assert_closes(stream);
}
END_TEST

/* ---- Plain fileno --------------------------------------------------------------------
 */

static bool has_plain_fileno(void)
{
    if (!FILELIKE_GLIBC_INTERNALS)
        say_skipped("plain fileno", "built without glibc's internals");
    return FILELIKE_GLIBC_INTERNALS;
}

START_TEST(plain_fileno_answers)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    FILE *reader = filelike_reopen(stream, "r");
    if (!has_plain_fileno())
        return;
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(fileno(stream), descriptor);
    assert_fails(fileno(reader), -1, EBADF);
    ck_assert_int_ge(filelike_fileno(reader), 0);
    ck_assert_int_eq(fileno(reader), filelike_fileno(reader));
    assert_closes(reader);
    assert_closes(stream);
}
END_TEST

START_TEST(plain_fileno_answers_from_the_move_on)
{
    struct filelike_options options = {.memory_limit = 4, .buffer_size = 1};
    FILE *stream = filelike_spooled("w+", &options);
    if (!has_plain_fileno())
        return;
    assert_fails(fileno(stream), -1, EBADF);
    write_text(stream, "01234567");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_ge(fileno(stream), 0);
    ck_assert_int_eq(fileno(stream), filelike_fileno(stream));
    assert_closes(stream);
}
END_TEST

START_TEST(plain_fileno_answers_at_once_on_disk)
{
    if (!has_plain_fileno())
        return;
    FILE *named = filelike_named("w+", NULL);
    FILE *atomic = filelike_atomic("target", "w+", NULL);
    ck_assert_int_ge(fileno(named), 0);
    ck_assert_int_ge(fileno(atomic), 0);
    ck_assert_int_eq(fileno(named), filelike_fileno(named));
    ck_assert_int_eq(fileno(atomic), filelike_fileno(atomic));
    assert_closes(named);
    assert_closes(atomic);
}
END_TEST

/* ---- A path --------------------------------------------------------------------------
 */

static const char *path_of(FILE *stream)
{
    const char *path = filelike_path(stream);
    if (path == NULL && errno == ENOTSUP && access("/proc/self/fd", F_OK) != 0)
        say_skipped("filelike_path", "there is no /proc");
    else
        ck_assert_msg(path != NULL, "%s", strerror(errno));
    return path;
}

START_TEST(path_can_be_opened)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    const char *path = path_of(stream);
    if (path == NULL)
        return;
    ck_assert_str_eq(content(path), "0123456789");
    write_text(stream, "abc");
    ck_assert_ptr_eq(filelike_path(stream), path);
    ck_assert_str_eq(content(path), "0123456789abc");
    ck_assert_int_eq(ftello(stream), 13);
    FILE *other = fopen(path, "r+");
    write_text(other, "XYZ");
    assert_closes(other);
    assert_text(stream, "XYZ3456789abc");
    assert_closes(stream);
}
END_TEST

START_TEST(path_is_not_that_of_anything_else)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    const char *path = path_of(stream);
    char start[32];
    (void) snprintf(start, sizeof start, "/proc/%ld/fd/", (long) getpid());
    if (path == NULL)
        return;
    if (is_kind(_i, "named"))
        ck_assert_mem_eq(path, scratch_path(), strlen(scratch_path()));
    else
        ck_assert_mem_eq(path, start, strlen(start));
    assert_closes(stream);
}
END_TEST

static int ask_in_child(void *context)
{
    FILE *stream = context;
    char start[32];
    (void) snprintf(start, sizeof start, "/proc/%ld/fd/", (long) getpid());
    const char *path = filelike_path(stream);
    ck_assert_ptr_nonnull(path);
    ck_assert_mem_eq(path, start, strlen(start));
    ck_assert_str_eq(content(path), "0123456789");
    return 0;
}

/* Also where the parent was asked first. */
START_TEST(path_in_a_child_is_its_own)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    const char *path = path_of(stream);
    if (path == NULL || is_kind(_i, "named"))
        return;
    ck_assert_int_eq(in_child(ask_in_child, stream), 0);
    ck_assert_ptr_eq(filelike_path(stream), path);
    ck_assert_str_eq(content(path), "0123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(path_needs_proc)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    faults.no_proc = true;
    if (is_kind(_i, "named"))
        ck_assert_ptr_nonnull(filelike_path(stream));
    else
        assert_fails(filelike_path(stream), NULL, ENOTSUP);
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

/* The output of a program that reads PATH, or "" if there is no such file. */
static const char *digest_of(const char *path)
{
    static char digest[80];
    char command[PATH_MAX + 32];
    digest[0] = '\0';
    (void) snprintf(command, sizeof command, "sha256sum '%s' 2>&1", path);
    FILE *output = popen(command, "r");
    if (output != NULL) {
        if (fscanf(output, "%79s", digest) != 1)
            digest[0] = '\0';
        (void) pclose(output);
    }
    return digest;
}

START_TEST(path_is_for_other_programs)
{
    enum { SIZE = 100000, DIGITS = 64 };
    static char bytes[SIZE];
    char expected[80];
    make_pattern(bytes, SIZE);
    FILE *file = fopen("plain", "w");
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_uint_eq(fwrite(bytes, 1, SIZE, file), SIZE);
    ck_assert_uint_eq(fwrite(bytes, 1, SIZE, stream), SIZE);
    assert_closes(file);
    (void) snprintf(expected, sizeof expected, "%s", digest_of("plain"));
    const char *path = path_of(stream);
    if (strlen(expected) != DIGITS)
        say_skipped("path_is_for_other_programs", "sha256sum does not work");
    else if (path != NULL)
        ck_assert_str_eq(digest_of(path), expected);
    assert_closes(stream);
}
END_TEST

/* ---- To disk now ---------------------------------------------------------------------
 */

START_TEST(rolls_over)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    bool spooled = strncmp(kinds[_i].name, "spooled", strlen("spooled")) == 0;
    ck_assert_int_eq(getc(stream), '0');
    if (spooled || !kind_has(&kinds[_i], KIND_IN_MEMORY)) {
        ck_assert_int_eq(filelike_rollover(stream), 0);
        ck_assert_int_eq(filelike_rollover(stream), 0);
        ck_assert_int_eq(filelike_in_memory(stream), 0);
    } else {
        assert_fails(filelike_rollover(stream), -1, ENOTSUP);
        ck_assert_int_eq(filelike_in_memory(stream), 1);
    }
    assert_reads(stream, "123456789");
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

/* The stream knows that it is on disk, without a system call. */
START_TEST(rolled_over_needs_no_descriptor)
{
    FILE *stream = filelike_spooled("w+", NULL);
    write_text(stream, "0123456789");
    ck_assert_int_eq(filelike_rollover(stream), 0);
    allow_descriptors(0);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    allow_descriptors(-1);
    assert_closes(stream);
}
END_TEST

/* Memory files of the kernel are in memory, whoever made them. No other files are. */
START_TEST(asking_where_needs_no_descriptor)
{
    static const unsigned kinds_of_memory[] = {0, MFD_ALLOW_SEALING};
    FILE *temporary = filelike_temporary("w+", NULL);
    FILE *named = filelike_named("w+", NULL);
    FILE *removed = filelike_named("w+", NULL);
    FILE *in_memory[COUNT(kinds_of_memory)];
    for (size_t i = 0; i < COUNT(in_memory); i++)
        in_memory[i] = fdopen(memfd_create("", MFD_CLOEXEC | kinds_of_memory[i]), "w+");
    ck_assert_int_eq(unlink(filelike_path(removed)), 0);
    allow_descriptors(0);
    ck_assert_int_eq(filelike_in_memory(temporary), 0);
    ck_assert_int_eq(filelike_in_memory(named), 0);
    ck_assert_int_eq(filelike_in_memory(removed), 0);
    ck_assert_int_eq(filelike_rollover(removed), 0);
    for (size_t i = 0; i < COUNT(in_memory); i++) {
        ck_assert_int_eq(filelike_in_memory(in_memory[i]), 1);
        assert_fails(filelike_rollover(in_memory[i]), -1, ENOTSUP);
        faults.no_proc = true;
        ck_assert_int_eq(filelike_in_memory(in_memory[i]), 1);
        faults.no_proc = false;
        assert_closes(in_memory[i]);
    }
    allow_descriptors(-1);
    assert_closes(temporary);
    assert_closes(named);
    assert_closes(removed);
}
END_TEST

/* ---- Streams without bytes -----------------------------------------------------------
 */

static void check_unreachable(FILE *stream)
{
    assert_fails(filelike_fileno(stream), -1, ENOTSUP);
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    assert_fails(filelike_keep(stream), -1, ENOTSUP);
    assert_fails(filelike_discard(stream), -1, ENOTSUP);
    assert_closes(stream);
}

START_TEST(streams_without_bytes)
{
    int ends[2];
    char *bytes;
    size_t size;
    char fixed[8];
    ck_assert_int_eq(pipe(ends), 0);
    check_unreachable(fdopen(ends[0], "r"));
    check_unreachable(fdopen(ends[1], "w"));
    check_unreachable(fopen("/dev/null", "r+"));
    check_unreachable(fmemopen(fixed, sizeof fixed, "w+"));
    check_unreachable(open_memstream(&bytes, &size));
    free(bytes);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    if (kind_has(&kinds[kind], KIND_BOUND))
        return;
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    ADD(descriptor_holds_the_bytes);
    ADD(descriptor_belongs_to_the_stream);
    ADD(descriptor_is_at_the_position);
    ADD(descriptor_is_at_the_end_where_appended);
    ADD(stream_goes_on);
    ADD(what_others_write_is_seen);
    ADD(reopened_streams_share_the_descriptor);
    ADD(bytes_go_where_they_belong);
    ADD(plain_fileno_answers);
    ADD(path_can_be_opened);
    ADD(path_is_not_that_of_anything_else);
    ADD(path_in_a_child_is_its_own);
    ADD(path_needs_proc);
    ADD(path_is_for_other_programs);
    ADD(rolls_over);
#undef ADD
}

static TCase *single(void)
{
    TCase *test_case = tcase_create("single");
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_test(test_case, bytes_with_a_budget_go_to_disk);
    tcase_add_test(test_case, bytes_that_cannot_move_stay);
    tcase_add_test(test_case, holes_of_memory_files_stay_holes);
    tcase_add_test(test_case, rolled_over_needs_no_descriptor);
    tcase_add_test(test_case, asking_where_needs_no_descriptor);
    tcase_add_test(test_case, plain_fileno_answers_from_the_move_on);
    tcase_add_test(test_case, plain_fileno_answers_at_once_on_disk);
    tcase_add_test(test_case, streams_without_bytes);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("fileno");
    suite_over_kinds(suite, add);
    suite_add_tcase(suite, single());
    return suite_run(suite);
}
