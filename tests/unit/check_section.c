/* Parts of the bytes of a stream, as streams of their own. */
#include <config.h>

#include "backing.h"
#include "scratch.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *section_of(FILE *stream, int64_t start, int64_t size)
{
    FILE *section = filelike_section(stream, start, size);
    ck_assert_ptr_nonnull(section);
    return section;
}

/* Checks in every way that the section shows TEXT, and closes it. */
static void assert_section(FILE *stream, int64_t start, int64_t size, const char *text)
{
    FILE *section = section_of(stream, start, size);
    ck_assert_int_eq(filelike_size(section), (int64_t) strlen(text));
    assert_reads(section, text);
    assert_bytes(section, text, strlen(text));
    ck_assert_int_eq(fseeko(section, 0, SEEK_END), 0);
    ck_assert_int_eq(ftello(section), (int64_t) strlen(text));
    assert_closes(section);
}

/* ---- Of each kind --------------------------------------------------------------------
 */

START_TEST(shows_a_part)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    assert_section(stream, 0, 10, "0123456789");
    assert_section(stream, 0, -1, "0123456789");
    assert_section(stream, 2, 3, "234");
    assert_section(stream, 2, -1, "23456789");
    assert_section(stream, 2, 0, "");
    assert_section(stream, 8, 100, "89");
    assert_section(stream, 8, INT64_MAX, "89");
    assert_section(stream, 10, 1, "");
    assert_section(stream, 11, -1, "");
    assert_section(stream, INT64_MAX, INT64_MAX, "");
    assert_section(stream, INT64_MAX, -1, "");
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(lives_on_when_the_whole_is_closed)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    FILE *section = section_of(stream, 2, 3);
    assert_closes(stream);
    assert_text(section, "234");
    FILE *again = filelike_reopen(section, "r");
    FILE *part = section_of(section, 1, 1);
    assert_closes(section);
    assert_text(again, "234");
    assert_text(part, "3");
    assert_closes(again);
    assert_closes(part);
}
END_TEST

START_TEST(shows_what_is_there_then)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r+");
    if (stream == NULL)
        return;
    FILE *bounded = section_of(stream, 2, 4);
    FILE *open = section_of(stream, 2, -1);
    assert_text(bounded, "23");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "456789");
    ck_assert_int_eq(fflush(stream), 0);
    assert_text(bounded, "2345");
    assert_text(open, "23456789");
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
    assert_text(bounded, "2");
    assert_reads(bounded, "2");
    assert_text(open, "2");
    ck_assert_int_eq(filelike_truncate(stream, 1), 0);
    assert_text(bounded, "");
    assert_text(open, "");
    assert_closes(bounded);
    assert_closes(open);
    assert_closes(stream);
}
END_TEST

START_TEST(only_reads)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    FILE *section = section_of(stream, 2, 3);
    int in_memory = filelike_in_memory(stream);
    ck_assert_int_eq(filelike_in_memory(section), in_memory);
    assert_fails(putc('x', section), EOF, REFUSED);
    clearerr(section);
    assert_fails(filelike_truncate(section, 0), -1, ENOTSUP);
    assert_fails(filelike_detach(section, NULL), NULL, ENOTSUP);
    assert_fails(filelike_fileno(section), -1, ENOTSUP);
    assert_fails(filelike_path(section), NULL, ENOTSUP);
    assert_fails(filelike_redirect(stdout, section), -1, EBADF);
    static const char *const writing[] = {"w", "a", "r+", "w+", "a+", NULL};
    for (size_t i = 0; i < COUNT(writing); i++)
        assert_fails(filelike_reopen(section, writing[i]), NULL, ENOTSUP);
    assert_text(section, "234");
    assert_closes(section);
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(persists_the_part)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    FILE *section = section_of(stream, 2, 3);
    ck_assert_int_eq(filelike_persist(section, "target", FILELIKE_NOSYNC), 0);
    ck_assert_str_eq(content("target"), "234");
    assert_text(section, "234");
    assert_text(stream, "0123456789");
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

START_TEST(survives_a_move)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    FILE *section = section_of(stream, 2, 3);
    ck_assert_int_eq(getc(section), '2');
    (void) filelike_rollover(stream);
    (void) filelike_fileno(stream);
    assert_text(section, "234");
    ck_assert_int_eq(getc(section), '3');
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

START_TEST(sections_of_sections)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    if (stream == NULL)
        return;
    FILE *outer = section_of(stream, 2, 5);
    assert_section(outer, 1, 2, "34");
    assert_section(outer, 1, -1, "3456");
    assert_section(outer, 4, 100, "6");
    assert_section(outer, 5, -1, "");
    assert_section(outer, INT64_MAX, -1, "");
    FILE *inner = section_of(outer, 1, 3);
    assert_section(inner, 1, -1, "45");
    assert_closes(inner);
    assert_closes(outer);
    assert_closes(stream);
}
END_TEST

/* ---- Refused -------------------------------------------------------------------------
 */

START_TEST(refuses_what_cannot_be)
{
    char *text;
    size_t size;
    FILE *stream = filelike_memory("w+", NULL);
    FILE *without = open_memstream(&text, &size);
    static const int64_t negative[] = {-1, -2, INT64_MIN};
    for (size_t i = 0; i < COUNT(negative); i++) {
        assert_fails(filelike_section(stream, negative[i], 0), NULL, EINVAL);
        assert_fails(filelike_section(stream, negative[i], -1), NULL, EINVAL);
        if (negative[i] < -1)
            assert_fails(filelike_section(stream, 0, negative[i]), NULL, EINVAL);
    }
    assert_fails(filelike_section(without, 0, -1), NULL, ENOTSUP);
    assert_closes(stream);
    assert_closes(without);
    free(text);
}
END_TEST

START_TEST(pending_bytes_belong_to_the_whole)
{
    struct filelike_options limited = {.size_limit = 2};
    FILE *stream = filelike_memory("w+", NULL);
    write_text(stream, "0123");
    assert_section(stream, 1, 2, "12");
    assert_closes(stream);
    stream = filelike_memory("w+", &limited);
    write_text(stream, "0123");
    assert_fails(filelike_section(stream, 1, 2), NULL, EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- Special properties --------------------------------------------------------------
 */

START_TEST(view_lies_in_the_view_of_the_whole)
{
    size_t size;
    FILE *stream = filelike_bytes("0123456789", 10, "r", NULL);
    FILE *section = section_of(stream, 2, 3);
    const char *whole = filelike_view(stream, NULL);
    ck_assert_ptr_eq(filelike_view(section, &size), whole + 2);
    ck_assert_uint_eq(size, 3);
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

START_TEST(every_position_of_a_large_one)
{
    enum { SIZE = 100000, START = 12345, PART = 54321 };
    static char pattern[SIZE];
    unsigned drawn = 1;
    char got[100];
    make_pattern(pattern, SIZE);
    FILE *stream = filelike_temporary("w+", NULL);
    ck_assert_uint_eq(fwrite(pattern, 1, SIZE, stream), SIZE);
    FILE *section = section_of(stream, START, PART);
    for (int i = 0; i < 2000; i++) {
        drawn = drawn * 1103515245u + 12345u;
        size_t place = (drawn >> 8) % (PART + 10);
        size_t left = place < PART ? PART - place : 0;
        size_t wanted = left < sizeof got ? left : sizeof got;
        ck_assert_int_eq(fseeko(section, (int64_t) place, SEEK_SET), 0);
        ck_assert_uint_eq(fread(got, 1, sizeof got, section), wanted);
        ck_assert_mem_eq(got, pattern + START + place, wanted);
    }
    assert_bytes(section, pattern + START, PART);
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

/* The section has no end of its own, and its positions go as far as any. */
START_TEST(nothing_is_at_the_last_positions)
{
    FILE *stream = filelike_bytes("0123456789", 10, "r", NULL);
    FILE *section = section_of(stream, 2, -1);
    ck_assert_int_eq(fseeko(section, INT64_MAX - 1, SEEK_SET), 0);
    ck_assert(getc(section) == EOF && feof(section) && !ferror(section));
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

/* A section of a sparse file must not take room for the holes. */
START_TEST(holes_stay_holes)
{
    enum { HOLE = 8 << 20, BLOCK = 512 };
    struct stat status;
    FILE *stream = fopen("sparse", "w+");
    ck_assert_int_eq(fseeko(stream, HOLE, SEEK_SET), 0);
    write_text(stream, "end");
    FILE *section = section_of(stream, 1, -1);
    ck_assert_int_eq(filelike_persist(section, "target", FILELIKE_NOSYNC), 0);
    ck_assert_int_eq(stat("target", &status), 0);
    ck_assert_int_eq(status.st_size, HOLE - 1 + 3);
    ck_assert_int_le(status.st_blocks, HOLE / BLOCK / 4);
    FILE *target = fopen("target", "r");
    ck_assert_int_eq(fseeko(target, -4, SEEK_END), 0);
    ck_assert_int_eq(getc(target), 0);
    assert_reads(target, "end");
    assert_closes(target);
    assert_closes(section);
    assert_closes(stream);
}
END_TEST

START_TEST(keeps_and_discards_as_reopened_streams_do)
{
    FILE *stream = filelike_named("w+", NULL);
    char *path = strdup(filelike_path(stream));
    FILE *section = section_of(stream, 0, -1);
    ck_assert_int_eq(filelike_keep(section), 0);
    assert_closes(stream);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(filelike_discard(section), 0);
    assert_closes(section);
    assert_fails(access(path, F_OK), -1, ENOENT);
    free(path);
}
END_TEST

START_TEST(named_file_stays_for_its_sections)
{
    FILE *stream = filelike_named("w+", NULL);
    write_text(stream, "0123");
    char *path = strdup(filelike_path(stream));
    FILE *section = section_of(stream, 1, 2);
    assert_closes(stream);
    ck_assert_int_eq(access(path, F_OK), 0);
    assert_text(section, "12");
    assert_closes(section);
    assert_fails(access(path, F_OK), -1, ENOENT);
    free(path);
}
END_TEST

static void add(TCase *test_case, int kind)
{
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_loop_test(test_case, shows_a_part, kind, kind + 1);
    tcase_add_loop_test(test_case, lives_on_when_the_whole_is_closed, kind, kind + 1);
    tcase_add_loop_test(test_case, shows_what_is_there_then, kind, kind + 1);
    tcase_add_loop_test(test_case, only_reads, kind, kind + 1);
    tcase_add_loop_test(test_case, persists_the_part, kind, kind + 1);
    tcase_add_loop_test(test_case, survives_a_move, kind, kind + 1);
    tcase_add_loop_test(test_case, sections_of_sections, kind, kind + 1);
}

int main(void)
{
    Suite *suite = suite_create("section");
    suite_over_kinds(suite, add);

    TCase *opening = suite_case(suite, "opening");
    tcase_add_test(opening, refuses_what_cannot_be);
    tcase_add_test(opening, pending_bytes_belong_to_the_whole);

    TCase *special = suite_case(suite, "special");
    tcase_add_checked_fixture(special, scratch_enter, scratch_leave);
    tcase_add_test(special, view_lies_in_the_view_of_the_whole);
    tcase_add_test(special, every_position_of_a_large_one);
    tcase_add_test(special, nothing_is_at_the_last_positions);
    tcase_add_test(special, holes_stay_holes);
    tcase_add_test(special, keeps_and_discards_as_reopened_streams_do);
    tcase_add_test(special, named_file_stays_for_its_sections);

    return suite_run(suite);
}
