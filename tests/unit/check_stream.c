/* A stream behaves as one on a regular file does: reading, writing, positions, append
 * mode, end-of-file. */
#include <config.h>

#include "bounds.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Writing and reading -------------------------------------------------------------
 */

START_TEST(starts_empty)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_int_eq(ftello(stream), 0);
    assert_text(stream, "");
    assert_reads(stream, "");
    assert_closes(stream);
}
END_TEST

START_TEST(no_mode_means_update)
{
    FILE *stream = open_empty(&kinds[_i], NULL);
    if (stream == NULL)
        return;
    write_text(stream, "update");
    rewind(stream);
    assert_reads(stream, "update");
    assert_closes(stream);
}
END_TEST

/* Sizes on both sides of every buffer and limit in the table, and pages. */
static const size_t sizes[] = {1, 2, 6, 7, 8, 9, 126, 127, 128, 129, 1023, 1024, 1025,
    4095, 4096, 4097, 16384, 65536, 100001};

static void check_round_trip(const struct kind *kind, size_t size, size_t piece)
{
    char *bytes = malloc(size);
    char *copy = malloc(size + 1);
    FILE *stream = open_empty(kind, "w+");
    make_pattern(bytes, size);
    for (size_t done = 0; done < size; done += piece) {
        size_t left = size - done;
        size_t count = left < piece ? left : piece;
        ck_assert_uint_eq(fwrite(bytes + done, 1, count, stream), count);
    }
    ck_assert_int_eq(ftello(stream), (off_t) size);
    rewind(stream);
    ck_assert_uint_eq(fread(copy, 1, size + 1, stream), size);
    ck_assert(feof(stream) && !ferror(stream));
    ck_assert_mem_eq(copy, bytes, size);
    assert_bytes(stream, bytes, size);
    assert_closes(stream);
    free(copy);
    free(bytes);
}

START_TEST(reads_what_was_written)
{
    for (size_t i = 0; i < COUNT(sizes); i++) {
        check_round_trip(&kinds[_i], sizes[i], sizes[i]);
        check_round_trip(&kinds[_i], sizes[i], 13);
    }
}
END_TEST

START_TEST(one_large_write)
{
    enum { SIZE = 1 << 20 };
    check_round_trip(&kinds[_i], SIZE, SIZE);
    check_round_trip(&kinds[_i], SIZE, SIZE / 3);
}
END_TEST

START_TEST(characters_of_every_value)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    for (int value = 0; value <= 255; value++)
        ck_assert_int_eq(putc(value, stream), value);
    rewind(stream);
    for (int value = 0; value <= 255; value++)
        ck_assert_int_eq(getc(stream), value);
    ck_assert_int_eq(getc(stream), EOF);
    assert_closes(stream);
}
END_TEST

START_TEST(overwriting_keeps_the_rest)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(fseeko(stream, 3, SEEK_SET), 0);
    write_text(stream, "abc");
    ck_assert_int_eq(ftello(stream), 6);
    assert_text(stream, "012abc6789");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    assert_reads(stream, "6789");
    assert_closes(stream);
}
END_TEST

START_TEST(overwriting_past_the_end_extends)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(fseeko(stream, 8, SEEK_SET), 0);
    write_text(stream, "abcdef");
    assert_text(stream, "01234567abcdef");
    assert_closes(stream);
}
END_TEST

/* Many small turns between reading and writing, each with its seek. */
START_TEST(reading_and_writing_take_turns)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    char expected[200];
    for (int i = 0; i < (int) sizeof expected; i++) {
        expected[i] = (char) ('a' + i % 26);
        ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
        ck_assert_int_eq(putc(expected[i], stream), expected[i]);
        ck_assert_int_eq(fseeko(stream, i / 2, SEEK_SET), 0);
        ck_assert_int_eq(getc(stream), expected[i / 2]);
    }
    assert_bytes(stream, expected, sizeof expected);
    assert_closes(stream);
}
END_TEST

START_TEST(counts_whole_items)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    char buffer[12] = "";
    ck_assert_uint_eq(fwrite("abcdefghij", 5, 2, stream), 2);
    ck_assert_uint_eq(fwrite("", 5, 0, stream), 0);
    ck_assert_uint_eq(fwrite("", 0, 5, stream), 0);
    rewind(stream);
    ck_assert_uint_eq(fread(buffer, 4, 3, stream), 2);
    ck_assert(feof(stream));
    assert_text(stream, "abcdefghij");
    assert_closes(stream);
}
END_TEST

/* ---- Functions of stdio above them ---------------------------------------------------
 */

START_TEST(formatted)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    int number;
    char word[8];
    double real;
    ck_assert_int_eq(fprintf(stream, "%d %s %.2f\n", -17, "word", 2.5), 14);
    rewind(stream);
    ck_assert_int_eq(fscanf(stream, "%d %7s %lf", &number, word, &real), 3);
    ck_assert_int_eq(number, -17);
    ck_assert_str_eq(word, "word");
    ck_assert(real > 2.49 && real < 2.51);
    ck_assert_int_eq(getc(stream), '\n');
    assert_closes(stream);
}
END_TEST

START_TEST(lines)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    char *line = NULL;
    size_t room = 0;
    for (int i = 0; i < 1000; i++)
        ck_assert_int_gt(fprintf(stream, "line %*d\n", i % 50, i), 0);
    ck_assert_int_ge(fputs("no newline", stream), 0);
    rewind(stream);
    for (int i = 0; i < 1000; i++) {
        char expected[80];
        int length = snprintf(expected, sizeof expected, "line %*d\n", i % 50, i);
        ck_assert_int_eq(getline(&line, &room, stream), length);
        ck_assert_str_eq(line, expected);
    }
    ck_assert_int_eq(getdelim(&line, &room, '\0', stream), 10);
    ck_assert_int_eq(getline(&line, &room, stream), -1);
    free(line);
    assert_closes(stream);
}
END_TEST

START_TEST(lines_of_limited_length)
{
    FILE *stream = open_text(&kinds[_i], "first\nsecond", "r+");
    char buffer[5];
    ck_assert_str_eq(fgets(buffer, sizeof buffer, stream), "firs");
    ck_assert_str_eq(fgets(buffer, sizeof buffer, stream), "t\n");
    ck_assert_str_eq(fgets(buffer, sizeof buffer, stream), "seco");
    ck_assert_str_eq(fgets(buffer, sizeof buffer, stream), "nd");
    ck_assert_ptr_null(fgets(buffer, sizeof buffer, stream));
    assert_closes(stream);
}
END_TEST

START_TEST(pushed_back)
{
    FILE *stream = open_text(&kinds[_i], "abc", "r+");
    ck_assert_int_eq(getc(stream), 'a');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    ck_assert_int_eq(ftello(stream), 0);
    assert_reads(stream, "xbc");
    ck_assert_int_eq(ungetc('y', stream), 'y');
    ck_assert(!feof(stream));
    assert_reads(stream, "y");
    ck_assert_int_eq(ungetc('z', stream), 'z');
    ck_assert_int_eq(fseeko(stream, 1, SEEK_SET), 0);
    assert_reads(stream, "bc");
    assert_text(stream, "abc");
    assert_closes(stream);
}
END_TEST

START_TEST(saved_positions)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    fpos_t position;
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    ck_assert_int_eq(fgetpos(stream, &position), 0);
    assert_reads(stream, "456789");
    ck_assert_int_eq(fsetpos(stream, &position), 0);
    assert_reads(stream, "456789");
    assert_closes(stream);
}
END_TEST

static void check_buffering(const struct kind *kind, char *buffer, int type, size_t size)
{
    FILE *stream = open_empty(kind, "w+");
    ck_assert_int_eq(setvbuf(stream, buffer, type, size), 0);
    for (int i = 0; i < 100; i++)
        ck_assert_int_gt(fprintf(stream, "%02d\n", i), 0);
    ck_assert_int_eq(fseeko(stream, 30, SEEK_SET), 0);
    ck_assert_int_eq(putc('x', stream), 'x');
    ck_assert_int_eq(fseeko(stream, -3, SEEK_END), 0);
    assert_reads(stream, "99\n");
    ck_assert_int_eq(fseeko(stream, 29, SEEK_SET), 0);
    ck_assert_int_eq(getc(stream), '\n');
    ck_assert_int_eq(getc(stream), 'x');
    ck_assert_int_eq(filelike_size(stream), 300);
    assert_closes(stream);
}

START_TEST(buffers_of_the_caller)
{
    char buffer[64];
    check_buffering(&kinds[_i], NULL, _IONBF, 0);
    check_buffering(&kinds[_i], NULL, _IOLBF, 0);
    check_buffering(&kinds[_i], NULL, _IOFBF, 0);
    check_buffering(&kinds[_i], buffer, _IOFBF, sizeof buffer);
    check_buffering(&kinds[_i], buffer, _IOLBF, sizeof buffer);
}
END_TEST

/* ---- Positions -----------------------------------------------------------------------
 */

START_TEST(seeks_from_all_origins)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    ck_assert_int_eq(getc(stream), '4');
    ck_assert_int_eq(fseeko(stream, 2, SEEK_CUR), 0);
    ck_assert_int_eq(ftello(stream), 7);
    ck_assert_int_eq(getc(stream), '7');
    ck_assert_int_eq(fseeko(stream, -8, SEEK_CUR), 0);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fseeko(stream, -1, SEEK_END), 0);
    assert_reads(stream, "9");
    ck_assert_int_eq(fseeko(stream, -10, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 0);
    assert_reads(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

START_TEST(refuses_impossible_positions)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    assert_fails(fseeko(stream, -1, SEEK_SET), -1, EINVAL);
    assert_fails(fseeko(stream, -5, SEEK_CUR), -1, EINVAL);
    assert_fails(fseeko(stream, -11, SEEK_END), -1, EINVAL);
    assert_fails(fseeko(stream, INT64_MIN, SEEK_SET), -1, EINVAL);
    assert_fails(fseeko(stream, INT64_MIN, SEEK_CUR), -1, EINVAL);
    assert_fails(fseeko(stream, INT64_MAX, SEEK_CUR), -1, EINVAL);
    assert_fails(fseeko(stream, INT64_MAX, SEEK_END), -1, EINVAL);
    ck_assert_int_eq(ftello(stream), 4);
    ck_assert(!ferror(stream));
    assert_reads(stream, "456789");
    assert_closes(stream);
}
END_TEST

START_TEST(refuses_unknown_origins)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    assert_fails(fseeko(stream, 0, 12345), -1, EINVAL);
    ck_assert_int_eq(ftello(stream), 4);
    assert_closes(stream);
}
END_TEST

START_TEST(seeking_past_the_end_adds_nothing)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 5000, SEEK_SET), 0);
    ck_assert_int_eq(ftello(stream), 5000);
    assert_reads(stream, "");
    ck_assert_int_eq(fseeko(stream, 10, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 20);
    ck_assert_int_eq(fseeko(stream, 10, SEEK_CUR), 0);
    ck_assert_int_eq(ftello(stream), 30);
    assert_reads(stream, "");
    assert_text(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

static void check_gap(const struct kind *kind, off_t position)
{
    FILE *stream = open_text(kind, "0123456789", "r+");
    char *expected = calloc(1, (size_t) position + 1);
    memcpy(expected, "0123456789", 10);
    expected[position] = 'x';
    ck_assert_int_eq(fseeko(stream, position, SEEK_SET), 0);
    ck_assert_int_eq(putc('x', stream), 'x');
    ck_assert_int_eq(ftello(stream), position + 1);
    assert_bytes(stream, expected, (size_t) position + 1);
    assert_closes(stream);
    free(expected);
}

START_TEST(gaps_are_zero)
{
    check_gap(&kinds[_i], 10);
    check_gap(&kinds[_i], 11);
    check_gap(&kinds[_i], 1024);
    check_gap(&kinds[_i], 5000);
    check_gap(&kinds[_i], 100000);
}
END_TEST

/* Bytes that were cut off must not come back in the gap. */
START_TEST(gaps_over_old_bytes_are_zero)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(filelike_truncate(stream, 2), 0);
    ck_assert_int_eq(fseeko(stream, 6, SEEK_SET), 0);
    write_text(stream, "x");
    assert_bytes(stream, "01\0\0\0\0x", 7);
    assert_closes(stream);
}
END_TEST

START_TEST(positions_past_four_gibibytes)
{
    const int64_t position = INT64_C(5) << 32;
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, position, SEEK_SET), 0);
    ck_assert_int_eq(ftello(stream), position);
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert_int_eq(fseeko(stream, 1 - position, SEEK_CUR), 0);
    assert_reads(stream, "123456789");
    assert_closes(stream);
}
END_TEST

/* The last position of a file on disk is the filesystem's affair. */
static bool can_go_to(FILE *stream, int64_t position)
{
    if (fseeko(stream, position, SEEK_SET) == 0)
        return true;
    ck_assert_int_eq(errno, EINVAL);
    assert_fails(lseek(filelike_fileno(stream), position, SEEK_SET), -1, EINVAL);
    return false;
}

START_TEST(last_positions)
{
    const struct kind *kind = &kinds[_i];
    if (!kind_has(kind, KIND_WATCHED))
        return;
    FILE *stream = open_text(kind, "0123456789", "r+");
    if (can_go_to(stream, INT64_MAX)) {
        ck_assert_int_eq(ftello(stream), INT64_MAX);
        ck_assert_int_eq(getc(stream), EOF);
        ck_assert_int_eq(fseeko(stream, 1, SEEK_CUR), -1);
        ck_assert_int_eq(fseeko(stream, INT64_MAX, SEEK_CUR), -1);
        ck_assert_int_eq(fseeko(stream, INT64_MAX - 9, SEEK_END), -1);
        ck_assert_int_eq(ftello(stream), INT64_MAX);
    }
    ck_assert_int_eq(fseeko(stream, 8, SEEK_SET), 0);
    assert_reads(stream, "89");
    assert_closes(stream);
}
END_TEST

/* A size that no block of memory can have. A filesystem may have room for it, and the
 * bytes must be there then. */
static void check_far_write(const struct kind *kind, int64_t position)
{
    FILE *stream = open_text(kind, "0123456789", "r+");
    if (!can_go_to(stream, position)) {
        assert_text(stream, "0123456789");
        assert_closes(stream);
        return;
    }
    if (fwrite("lost", 1, 4, stream) == 4 && fflush(stream) == 0) {
        ck_assert(!kind_has(kind, KIND_MOVABLE | KIND_STAYS));
        ck_assert_int_eq(filelike_size(stream) - 4, position);
        assert_closes(stream);
        return;
    }
    int error = errno;
    bool is_full = kind_has(kind, KIND_BOUND) && error == ENOSPC;
    ck_assert(error == ENOMEM || error == EFBIG || is_full);
    clearerr(stream);
    assert_text(stream, "0123456789");
    assert_closes_with(stream, error);
}

START_TEST(writes_at_the_last_positions)
{
    bounds_allow_far_positions();
    const struct kind *kind = &kinds[_i];
    if (!kind_has(kind, KIND_WATCHED))
        return;
    check_far_write(kind, INT64_MAX);
    check_far_write(kind, INT64_MAX - 1);
    check_far_write(kind, INT64_MAX - 4);
    check_far_write(kind, INT64_MAX - 5);
    check_far_write(kind, INT64_MAX / 2 + 1);
}
END_TEST

START_TEST(pending_output_counts)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 8, SEEK_SET), 0);
    write_text(stream, "abcd");
    ck_assert_int_eq(ftello(stream), 12);
    ck_assert_int_eq(fseeko(stream, -1, SEEK_CUR), 0);
    assert_reads(stream, "d");
    ck_assert_int_eq(fseeko(stream, -5, SEEK_END), 0);
    write_text(stream, "X");
    ck_assert_int_eq(fseeko(stream, -1, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 11);
    assert_text(stream, "0123456Xabcd");
    assert_closes(stream);
}
END_TEST

START_TEST(flushing_keeps_the_position)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(ftello(stream), 1);
    write_text(stream, "a");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(ftello(stream), 2);
    assert_reads(stream, "23456789");
    assert_text(stream, "0a23456789");
    assert_closes(stream);
}
END_TEST

/* ---- End-of-file ---------------------------------------------------------------------
 */

START_TEST(end_is_indicated_until_cleared)
{
    FILE *stream = open_text(&kinds[_i], "ab", "r+");
    assert_reads(stream, "ab");
    ck_assert_int_eq(getc(stream), EOF);
    clearerr(stream);
    ck_assert(!feof(stream));
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(feof(stream));
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    ck_assert(!feof(stream));
    assert_reads(stream, "");
    rewind(stream);
    ck_assert(!feof(stream));
    assert_reads(stream, "ab");
    assert_closes(stream);
}
END_TEST

START_TEST(reads_on_after_the_end_was_moved)
{
    FILE *stream = open_text(&kinds[_i], "ab", "r+");
    assert_reads(stream, "ab");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    write_text(stream, "cd");
    ck_assert_int_eq(fseeko(stream, -2, SEEK_CUR), 0);
    assert_reads(stream, "cd");
    assert_closes(stream);
}
END_TEST

/* ---- Modes ---------------------------------------------------------------------------
 */

START_TEST(append_starts_at_the_end)
{
    FILE *stream = open_text(&kinds[_i], "0123", "a");
    if (stream == NULL)
        return;
    if (APPEND_STARTS_AT_END || kind_has(&kinds[_i], KIND_WATCHED))
        ck_assert_int_eq(ftello(stream), 4);
    write_text(stream, "45");
    ck_assert_int_eq(ftello(stream), 6);
    assert_text(stream, "012345");
    assert_closes(stream);
}
END_TEST

START_TEST(append_with_update_starts_at_the_start)
{
    FILE *stream = open_text(&kinds[_i], "0123", "a+");
    if (stream == NULL)
        return;
    ck_assert_int_eq(ftello(stream), 0);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    write_text(stream, "45");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(ftello(stream), 6);
    rewind(stream);
    assert_reads(stream, "012345");
    assert_closes(stream);
}
END_TEST

static void check_append(const struct kind *kind, const char *mode)
{
    FILE *stream = open_text(kind, "0123", mode);
    if (stream == NULL)
        return;
    ck_assert_int_eq(fseeko(stream, 1, SEEK_SET), 0);
    write_text(stream, "45");
    ck_assert_int_eq(fseeko(stream, 1, SEEK_SET), 0);
    ck_assert_int_eq(ftello(stream), 1);
    write_text(stream, "67");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(ftello(stream), 8);
    ck_assert_int_eq(fseeko(stream, 100, SEEK_END), 0);
    write_text(stream, "89");
    assert_text(stream, "0123456789");
    assert_closes(stream);
}

START_TEST(append_writes_at_the_end)
{
    check_append(&kinds[_i], "a");
    check_append(&kinds[_i], "a+");
}
END_TEST

START_TEST(write_modes_empty_what_is_there)
{
    FILE *stream = open_text(&kinds[_i], "0123", "w+");
    assert_text(stream, "");
    assert_closes(stream);
    stream = open_text(&kinds[_i], "0123", "w");
    if (stream == NULL)
        return;
    assert_text(stream, "");
    assert_closes(stream);
}
END_TEST

/* Calls that stdio refuses do not reach the stream: no write is lost and no read
 * fails. */
static void check_refusal(FILE *stream)
{
    ck_assert(ferror(stream));
    clearerr(stream);
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}

START_TEST(read_mode_refuses_to_write)
{
    FILE *stream = open_empty(&kinds[_i], "r");
    if (stream == NULL)
        return;
    assert_fails(putc('x', stream), EOF, REFUSED);
    assert_fails(fputs("x", stream), EOF, REFUSED);
    assert_fails(fwrite("x", 1, 1, stream), 0, REFUSED);
    assert_text(stream, "");
    check_refusal(stream);
}
END_TEST

static void check_refuses_to_read(const struct kind *kind, const char *mode)
{
    char buffer[5000];
    FILE *stream = open_text(kind, "0123", mode);
    if (stream == NULL)
        return;
    write_text(stream, "4");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
    assert_fails(getc(stream), EOF, REFUSED);
    assert_fails(fread(buffer, 1, 1, stream), 0, REFUSED);
    assert_fails(fread(buffer, 1, sizeof buffer, stream), 0, REFUSED);
    check_refusal(stream);
}

START_TEST(write_modes_refuse_to_read)
{
    check_refuses_to_read(&kinds[_i], "w");
    check_refuses_to_read(&kinds[_i], "a");
}
END_TEST

START_TEST(read_mode_reads)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r");
    if (stream == NULL)
        return;
    assert_reads(stream, "0123");
    rewind(stream);
    assert_reads(stream, "0123");
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

/* ---- Beginning and end ---------------------------------------------------------------
 */

START_TEST(closes_untouched)
{
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_empty(&kinds[_i], modes[i]);
        if (stream != NULL)
            assert_closes(stream);
    }
}
END_TEST

START_TEST(streams_are_independent)
{
    enum { STREAMS = 300 };
    FILE *streams[STREAMS];
    int count = kind_has(&kinds[_i], KIND_BARE) ? KIND_MOST_BARE : STREAMS;
    for (int i = 0; i < count; i++) {
        streams[i] = open_empty(&kinds[_i], "w+");
        ck_assert_int_gt(fprintf(streams[i], "stream %d", i), 0);
    }
    for (int i = count - 1; i >= 0; i--) {
        char expected[20];
        (void) snprintf(expected, sizeof expected, "stream %d", i);
        assert_text(streams[i], expected);
        assert_closes(streams[i]);
    }
}
END_TEST

static void leave_open(const struct kind *kind)
{
    FILE *pending = open_text(kind, "0123", "r+");
    FILE *reading = open_text(kind, "0123", "r+");
    FILE *viewed = open_text(kind, "0123", "r+");
    (void) fputs("pending", pending);
    (void) getc(reading);
    (void) filelike_view(viewed, NULL);
    exit(EXIT_SUCCESS);
}

START_TEST(exit_without_fclose)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0)
        leave_open(&kinds[_i]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}
END_TEST

/* The result of fclose in a child. Only the process that opened an atomic stream
 * publishes it. */
static int errno_of_fclose(FILE *stream)
{
    return fclose(stream) == 0 ? 0 : errno;
}

/* The child closes what it inherited; the parent does not notice. */
START_TEST(both_go_on_after_fork)
{
    int status;
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "both");
    ck_assert_int_eq(fflush(stream), 0);
    pid_t child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0)
        _exit(errno_of_fclose(stream));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(
        WEXITSTATUS(status), kind_has(&kinds[_i], KIND_PUBLISHES) ? ECHILD : 0);
    write_text(stream, " parent");
    assert_text(stream, "both parent");
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(starts_empty);
    ADD(no_mode_means_update);
    ADD(reads_what_was_written);
    ADD(one_large_write);
    ADD(characters_of_every_value);
    ADD(overwriting_keeps_the_rest);
    ADD(overwriting_past_the_end_extends);
    ADD(reading_and_writing_take_turns);
    ADD(counts_whole_items);
    ADD(formatted);
    ADD(lines);
    ADD(lines_of_limited_length);
    ADD(pushed_back);
    ADD(saved_positions);
    ADD(buffers_of_the_caller);
    ADD(seeks_from_all_origins);
    ADD(refuses_impossible_positions);
    ADD(refuses_unknown_origins);
    ADD(seeking_past_the_end_adds_nothing);
    ADD(gaps_are_zero);
    ADD(gaps_over_old_bytes_are_zero);
    ADD(positions_past_four_gibibytes);
    ADD(last_positions);
    ADD(writes_at_the_last_positions);
    ADD(pending_output_counts);
    ADD(flushing_keeps_the_position);
    ADD(end_is_indicated_until_cleared);
    ADD(reads_on_after_the_end_was_moved);
    ADD(append_starts_at_the_end);
    ADD(append_with_update_starts_at_the_start);
    ADD(append_writes_at_the_end);
    ADD(write_modes_empty_what_is_there);
    ADD(read_mode_refuses_to_write);
    ADD(write_modes_refuse_to_read);
    ADD(read_mode_reads);
    ADD(closes_untouched);
    ADD(streams_are_independent);
    ADD(exit_without_fclose);
    ADD(both_go_on_after_fork);
#undef ADD
}

int main(void)
{
    Suite *suite = suite_create("stream");
    suite_over_kinds(suite, add);
    return suite_run(suite);
}
