/* Streams on a block of the caller's, which never grow. */
#include <config.h>

#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* With bytes on either side that nothing may touch. */
enum { MARGIN = 16, ROOM = 4096 };
static char arena[MARGIN + ROOM + MARGIN];
static char *const block = arena + MARGIN;

static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+", NULL};

/* A stream on CAPACITY bytes of the block, the first of which are TEXT and all others
 * '#'.
 */
static FILE *open_fixed(size_t capacity, const char *text, const char *mode)
{
    memset(arena, '#', sizeof arena);
    memcpy(block, text, strlen(text));
    FILE *stream = filelike_fixed(block, capacity, strlen(text), mode, NULL);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

/* From FIRST on the arena is as it was. */
static void assert_untouched_from(const char *first)
{
    for (const char *place = first; place < arena + sizeof arena; place++)
        ck_assert_int_eq(*place, '#');
    for (size_t i = 0; i < MARGIN; i++)
        ck_assert_int_eq(arena[i], '#');
}

static bool writes(const char *mode)
{
    return mode == NULL || mode[0] != 'r' || mode[1] == '+';
}

/* ---- Opening -------------------------------------------------------------------------
 */

START_TEST(starts_on_what_is_there)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        bool emptied = modes[i] != NULL && modes[i][0] == 'w';
        FILE *stream = open_fixed(10, "0123", modes[i]);
        assert_text(stream, emptied ? "" : "0123");
        assert_closes(stream);
        ck_assert_mem_eq(block, "0123", 4);
        assert_untouched_from(block + 4);
    }
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
    struct filelike_options limited = {.size_limit = 3};
    struct filelike_options bad = {.flags = 1u << 31};
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_fails(filelike_fixed(block, 4, 5, modes[i], NULL), NULL, EINVAL);
        assert_fails(filelike_fixed(block, 4, SIZE_MAX, modes[i], NULL), NULL, EINVAL);
        assert_fails(filelike_fixed(NULL, 4, 0, modes[i], NULL), NULL, EINVAL);
        assert_fails(filelike_fixed(block, 4, 0, modes[i], &bad), NULL, EINVAL);
        assert_fails(filelike_fixed(block, 4, 4, modes[i], &limited), NULL, EFBIG);
        assert_fails(
            filelike_fixed(block, SIZE_MAX, SIZE_MAX, modes[i], NULL), NULL, EFBIG);
    }
    assert_fails(filelike_fixed(block, 4, 0, "rw", NULL), NULL, EINVAL);
    assert_fails(filelike_fixed(block, 4, 0, "", NULL), NULL, EINVAL);
}
END_TEST

START_TEST(opens_without_room)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = filelike_fixed(NULL, 0, 0, modes[i], NULL);
        ck_assert_ptr_nonnull(stream);
        assert_text(stream, "");
        if (writes(modes[i])) {
            assert_fails(filelike_truncate(stream, 1), -1, ENOSPC);
            ck_assert_int_eq(putc('x', stream), 'x');
            assert_fails(fflush(stream), EOF, ENOSPC);
            assert_closes_with(stream, ENOSPC);
        } else {
            assert_closes(stream);
        }
    }
}
END_TEST

/* ---- Writing -------------------------------------------------------------------------
 */

START_TEST(writes_in_place)
{
    FILE *stream = open_fixed(10, "0123", "r+");
    ck_assert_int_eq(fseeko(stream, 2, SEEK_SET), 0);
    write_text(stream, "abcd");
    ck_assert_int_eq(filelike_size(stream), 6);
    ck_assert_mem_eq(block, "01abcd", 6);
    assert_untouched_from(block + 6);
    assert_closes(stream);
    assert_untouched_from(block + 6);
}
END_TEST

/* fmemopen loses the last byte to a '\0' here. */
START_TEST(fills_the_block_to_the_last_byte)
{
    FILE *stream = open_fixed(10, "", "w+");
    write_text(stream, "0123456789");
    assert_text(stream, "0123456789");
    assert_closes(stream);
    ck_assert_mem_eq(block, "0123456789", 10);
    assert_untouched_from(block + 10);
}
END_TEST

START_TEST(takes_all_of_a_write_or_nothing)
{
    FILE *stream = open_fixed(10, "01234567", "a");
    write_text(stream, "abc");
    assert_fails(fflush(stream), EOF, ENOSPC);
    assert_text(stream, "01234567");
    ck_assert_int_eq(filelike_error(stream), ENOSPC);
    clearerr(stream);
    write_text(stream, "89");
    assert_text(stream, "0123456789");
    assert_closes_with(stream, ENOSPC);
    assert_untouched_from(block + 10);
}
END_TEST

START_TEST(fills_gaps_with_zero_bytes)
{
    FILE *stream = open_fixed(10, "01", "r+");
    ck_assert_int_eq(fseeko(stream, 3, SEEK_END), 0);
    write_text(stream, "x");
    assert_bytes(stream, "01\0\0\0x", 6);
    ck_assert_int_eq(filelike_truncate(stream, 8), 0);
    assert_bytes(stream, "01\0\0\0x\0\0", 8);
    ck_assert_int_eq(filelike_truncate(stream, 1), 0);
    assert_text(stream, "0");
    assert_closes(stream);
    assert_untouched_from(block + 8);
}
END_TEST

START_TEST(writes_nothing_past_the_capacity)
{
    static const int64_t positions[] = {10, 11, 4096, INT64_MAX - 1};
    for (size_t i = 0; i < COUNT(positions); i++) {
        FILE *stream = open_fixed(10, "0123", "r+");
        ck_assert_int_eq(fseeko(stream, positions[i], SEEK_SET), 0);
        ck_assert_int_eq(putc('x', stream), 'x');
        assert_fails(fflush(stream), EOF, ENOSPC);
        assert_text(stream, "0123");
        assert_closes_with(stream, ENOSPC);
        assert_untouched_from(block + 4);
    }
}
END_TEST

START_TEST(truncates_within_the_capacity)
{
    FILE *stream = open_fixed(10, "0123", "r+");
    assert_fails(filelike_truncate(stream, 11), -1, ENOSPC);
    assert_fails(filelike_truncate(stream, INT64_MAX), -1, ENOSPC);
    assert_text(stream, "0123");
    ck_assert_int_eq(filelike_truncate(stream, 10), 0);
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
    assert_untouched_from(block + 10);
}
END_TEST

START_TEST(size_limit_comes_before_the_capacity)
{
    struct filelike_options limited = {.size_limit = 5};
    FILE *stream = filelike_fixed(block, 10, 0, "w+", &limited);
    write_text(stream, "012345");
    assert_fails(fflush(stream), EOF, EFBIG);
    assert_fails(filelike_truncate(stream, 6), -1, EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- All of the bytes ----------------------------------------------------------------
 */

START_TEST(view_is_the_block)
{
    size_t size;
    FILE *stream = open_fixed(10, "0123", "r");
    ck_assert_ptr_eq(filelike_view(stream, &size), block);
    ck_assert_uint_eq(size, 4);
    assert_closes(stream);
    assert_untouched_from(block + 4);
}
END_TEST

START_TEST(view_written_to_its_own_stream)
{
    FILE *stream = open_fixed(ROOM, "0123456789", "r+");
    const char *view = filelike_view(stream, NULL);
    ck_assert_int_eq(setvbuf(stream, NULL, _IONBF, 0), 0);
    ck_assert_int_eq(fseeko(stream, 2, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(view, 1, 10, stream), 10);
    assert_text(stream, "010123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(detach_copies_and_empties)
{
    size_t size;
    FILE *stream = open_fixed(10, "0123", "r+");
    ck_assert_int_eq(fseeko(stream, 2, SEEK_SET), 0);
    char *copy = filelike_detach(stream, &size);
    ck_assert_ptr_ne(copy, block);
    ck_assert_str_eq(copy, "0123");
    ck_assert_uint_eq(size, 4);
    free(copy);
    ck_assert_int_eq(filelike_size(stream), 0);
    ck_assert_int_eq(ftello(stream), 0);
    write_text(stream, "0123456789");
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(detach_from_a_reader_is_refused)
{
    FILE *stream = open_fixed(10, "0123", "r");
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    assert_fails(filelike_truncate(stream, 0), -1, EBADF);
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

START_TEST(reopened_streams_share_the_block)
{
    FILE *stream = open_fixed(10, "0123", "r+");
    FILE *second = filelike_reopen(stream, "a");
    write_text(second, "45");
    ck_assert_int_eq(fflush(second), 0);
    assert_text(stream, "012345");
    assert_closes(stream);
    write_text(second, "6789x");
    assert_fails(fflush(second), EOF, ENOSPC);
    assert_text(second, "012345");
    assert_closes_with(second, ENOSPC);
    assert_untouched_from(block + 6);
}
END_TEST

/* The end of a child stores what is pending: its parent may share the block. */
START_TEST(child_ends_with_pending_bytes)
{
    int status;
    char *shared =
        mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    FILE *stream = filelike_fixed(shared, ROOM, 0, "w", NULL);
    ck_assert_ptr_nonnull(stream);
    pid_t child = fork();
    if (child == 0)
        exit(fputs("pending", stream) < 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(shared, "pending");
    assert_closes(stream);
    (void) munmap(shared, ROOM);
}
END_TEST

START_TEST(has_neither_descriptor_nor_path)
{
    FILE *stream = open_fixed(10, "0123", "r+");
    assert_fails(filelike_fileno(stream), -1, ENOTSUP);
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    assert_fails(filelike_keep(stream), -1, ENOTSUP);
    assert_fails(filelike_discard(stream), -1, ENOTSUP);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

/* Unlike fmemopen, which counts bytes up to a '\0'. */
START_TEST(zero_bytes_are_bytes)
{
    FILE *stream = open_fixed(10, "", "w+");
    write_zeros(stream, 4);
    ck_assert_int_eq(filelike_size(stream), 4);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 4);
    assert_closes(stream);
    ck_assert_mem_eq(block, "\0\0\0\0##", 6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fixed");

    TCase *opening = suite_case(suite, "opening");
    tcase_add_test(opening, starts_on_what_is_there);
    tcase_add_test(opening, refuses_what_cannot_be);
    tcase_add_test(opening, opens_without_room);

    TCase *writing = suite_case(suite, "writing");
    tcase_add_test(writing, writes_in_place);
    tcase_add_test(writing, fills_the_block_to_the_last_byte);
    tcase_add_test(writing, takes_all_of_a_write_or_nothing);
    tcase_add_test(writing, fills_gaps_with_zero_bytes);
    tcase_add_test(writing, writes_nothing_past_the_capacity);
    tcase_add_test(writing, truncates_within_the_capacity);
    tcase_add_test(writing, size_limit_comes_before_the_capacity);
    tcase_add_test(writing, zero_bytes_are_bytes);

    TCase *whole = suite_case(suite, "all of the bytes");
    tcase_add_test(whole, view_is_the_block);
    tcase_add_test(whole, view_written_to_its_own_stream);
    tcase_add_test(whole, detach_copies_and_empties);
    tcase_add_test(whole, detach_from_a_reader_is_refused);
    tcase_add_test(whole, reopened_streams_share_the_block);
    tcase_add_test(whole, has_neither_descriptor_nor_path);
    tcase_add_test(whole, child_ends_with_pending_bytes);

    return suite_run(suite);
}
