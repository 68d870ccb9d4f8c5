/* The functions that take any FILE *, on every kind of stream and on streams whose bytes
 * the library cannot reach. */
#include <config.h>

#include "bounds.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- filelike_size -------------------------------------------------------------------
 */

START_TEST(size_counts_what_is_pending)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_int_eq(filelike_size(stream), 0);
    write_text(stream, "01234");
    ck_assert_int_eq(filelike_size(stream), 5);
    ck_assert_int_eq(putc('5', stream), '5');
    ck_assert_int_eq(filelike_size(stream), 6);
    ck_assert_int_eq(fseeko(stream, 100, SEEK_SET), 0);
    ck_assert_int_eq(filelike_size(stream), 6);
    ck_assert_int_eq(ftello(stream), 100);
    assert_closes(stream);
}
END_TEST

/* Asking changes neither the position, nor what is read next, nor the indicators. */
START_TEST(asking_disturbs_nothing)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(getc(stream), '1');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    ck_assert_int_eq(filelike_size(stream), 10);
    assert_text(stream, "0123456789");
    ck_assert_int_eq(filelike_in_memory(stream) == -1, kind_has(&kinds[_i], KIND_OPAQUE));
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert_int_eq(ftello(stream), 1);
    assert_reads(stream, "x23456789");
    ck_assert_int_eq(filelike_size(stream), 10);
    ck_assert(feof(stream));
    assert_text(stream, "0123456789");
    ck_assert(feof(stream));
    assert_closes(stream);
}
END_TEST

/* ---- filelike_view -------------------------------------------------------------------
 */

static void check_view(const struct kind *kind, size_t size)
{
    char *bytes = malloc(size + 1);
    size_t held;
    make_pattern(bytes, size);
    FILE *stream = open_empty(kind, "w+");
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    const char *view = filelike_view(stream, &held);
    ck_assert_ptr_nonnull(view);
    ck_assert_uint_eq(held, size);
    ck_assert_mem_eq(view, bytes, size);
    ck_assert(kind_has(kind, KIND_BARE) || view[size] == '\0');
    ck_assert_ptr_eq(filelike_view(stream, NULL), view);
    assert_closes(stream);
    free(bytes);
}

/* If the size is a multiple of a page, the '\0' on disk lies in a page of its own. */
START_TEST(view_has_all_bytes_and_an_end)
{
    static const size_t sizes[] = {1, 7, 8, 126, 127, 128, 1023, 1024, 1025, 4095, 4096,
        4097, 8192, 16384, 65536, 1000000, 1 << 20};
    for (size_t i = 0; i < COUNT(sizes); i++)
        check_view(&kinds[_i], sizes[i]);
}
END_TEST

START_TEST(view_of_nothing)
{
    bool is_bare = kind_has(&kinds[_i], KIND_BARE);
    size_t size = 1;
    FILE *stream = open_empty(&kinds[_i], "w+");
    const char *view = filelike_view(stream, &size);
    ck_assert_ptr_nonnull(view);
    ck_assert_uint_eq(size, 0);
    ck_assert(is_bare || view[0] == '\0');
    write_text(stream, "something");
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, 0);
    ck_assert(is_bare || view[0] == '\0');
    assert_closes(stream);
}
END_TEST

START_TEST(view_stays_while_others_read)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    FILE *other = open_empty(&kinds[_i], "w+");
    size_t size;
    const char *view = filelike_view(stream, &size);
    assert_reads(stream, "0123456789");
    ck_assert_int_eq(fseeko(stream, 3, SEEK_SET), 0);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(filelike_size(stream), 10);
    write_text(other, "another stream's bytes");
    assert_text(other, "another stream's bytes");
    assert_closes(other);
    ck_assert_mem_eq(view, "0123456789", kind_has(&kinds[_i], KIND_BARE) ? 10 : 11);
    assert_closes(stream);
}
END_TEST

START_TEST(view_follows_each_change)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    assert_text(stream, "");
    write_text(stream, "0123456789");
    assert_text(stream, "0123456789");
    ck_assert_int_eq(fseeko(stream, 2, SEEK_SET), 0);
    write_text(stream, "ab");
    assert_text(stream, "01ab456789");
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
    assert_text(stream, "01a");
    ck_assert_int_eq(filelike_truncate(stream, 5), 0);
    assert_bytes(stream, "01a\0", 5);
    assert_closes(stream);
}
END_TEST

/* The bytes of a view are a string after each way to change their end. */
START_TEST(view_ends_after_each_change)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_str_eq(filelike_view(stream, NULL), "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 6), 0);
    ck_assert_str_eq(filelike_view(stream, NULL), "012345");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "a");
    ck_assert_str_eq(filelike_view(stream, NULL), "012345a");
    ck_assert_int_eq(filelike_truncate(stream, 1), 0);
    ck_assert_str_eq(filelike_view(stream, NULL), "0");
    assert_closes(stream);
}
END_TEST

/* ---- A stream that writes its own view -----------------------------------------------
 */

static bool by_fwrite(FILE *stream, const char *view, size_t size)
{
    return fwrite(view, 1, size, stream) == size;
}

static bool by_fputs(FILE *stream, const char *view, size_t size)
{
    (void) size;
    return fputs(view, stream) >= 0;
}

static bool by_fprintf(FILE *stream, const char *view, size_t size)
{
    return fprintf(stream, "%s", view) == (int) size;
}

/* A stream may write bytes from a view of another stream on the same bytes. */
static bool by_another(FILE *stream, const char *view, size_t size)
{
    FILE *second = filelike_reopen(stream, "a");
    if (second == NULL)
        return false;
    size_t written = fwrite(view, 1, size, second);
    return fclose(second) == 0 && written == size;
}

static bool (*const ways_to_write[])(FILE *, const char *, size_t) = {
    by_fwrite, by_fputs, by_fprintf, by_another};

static void fill_letters(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char) ('a' + i * i % 26);
    bytes[size] = '\0';
}

static void check_doubled(
    FILE *stream, bool (*way)(FILE *, const char *, size_t), size_t size)
{
    char *bytes = malloc(2 * size + 1);
    fill_letters(bytes, size);
    fill_letters(bytes + size, size);
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    const char *view = filelike_view(stream, NULL);
    ck_assert_ptr_nonnull(view);
    ck_assert(way(stream, view, size));
    assert_bytes(stream, bytes, 2 * size);
    free(bytes);
}

START_TEST(view_can_be_written_behind_itself)
{
    static const size_t sizes[] = {10, 1000, 5000, 40000, 300000};
    static const char *const modes[] = {"w+", "a+"};
    size_t ways = kind_has(&kinds[_i], KIND_PUBLISHES) ? COUNT(ways_to_write) - 1
                                                       : COUNT(ways_to_write);
    for (size_t i = 0; i < COUNT(sizes) * ways * COUNT(modes); i++) {
        bool (*way)(FILE *, const char *, size_t) =
            ways_to_write[i / COUNT(modes) % ways];
        bool needs_end = way == by_fputs || way == by_fprintf;
        FILE *stream = needs_end && kind_has(&kinds[_i], KIND_BARE)
                           ? NULL
                           : open_empty(&kinds[_i], modes[i % COUNT(modes)]);
        if (stream == NULL)
            continue;
        check_doubled(stream, way, sizes[i / COUNT(modes) / ways]);
        assert_closes(stream);
    }
}
END_TEST

static void write_view_of(FILE *shown, FILE *stream)
{
    size_t size;
    const char *view = filelike_view(shown, &size);
    ck_assert_uint_eq(fwrite(view, 1, size, stream), size);
    ck_assert_int_eq(fflush(stream), 0);
}

/* The bytes move with each write, and with the truncation. */
START_TEST(views_of_another_stream_can_be_written)
{
    enum { SIZE = 200000 };
    FILE *stream = open_empty(&kinds[_i], "w+");
    FILE *other = filelike_reopen(stream, "r+");
    char *bytes = malloc(8 * SIZE);
    if (other != NULL) {
        make_pattern(bytes, SIZE);
        for (size_t size = SIZE; size < 8 * SIZE; size *= 2)
            memcpy(bytes + size, bytes, size);
        ck_assert_uint_eq(fwrite(bytes, 1, SIZE, stream), SIZE);
        ck_assert_int_eq(fflush(stream), 0);
        write_view_of(stream, stream);
        write_view_of(other, stream);
        assert_bytes(other, bytes, 4 * SIZE);
        write_view_of(stream, stream);
        assert_bytes(other, bytes, 8 * SIZE);
        ck_assert_int_eq(filelike_truncate(other, 10), 0);
        assert_bytes(stream, bytes, 10);
        assert_closes(other);
    }
    free(bytes);
    assert_closes(stream);
}
END_TEST

/* One call writes two views, and between them more bytes than any buffer holds. */
START_TEST(views_can_be_printed_one_after_the_other)
{
    enum { SIZE = 30000, GAP = 20000 };
    char *bytes = malloc(3 * SIZE + GAP + 1);
    FILE *stream = open_empty(&kinds[_i], "w+");
    fill_letters(bytes, SIZE);
    ck_assert_int_ge(fputs(bytes, stream), 0);
    const char *view = filelike_view(stream, NULL);
    /* With precisions, as the first write replaces the '\0' behind the view. */
    ck_assert_int_eq(
        fprintf(stream, "%.*s%*s%.*s", SIZE, view, GAP, "", SIZE, view), 2 * SIZE + GAP);
    memcpy(bytes + SIZE, bytes, SIZE);
    memset(bytes + 2 * SIZE, ' ', GAP);
    memcpy(bytes + 2 * SIZE + GAP, bytes, SIZE);
    assert_bytes(stream, bytes, 3 * SIZE + GAP);
    assert_closes(stream);
    free(bytes);
}
END_TEST

static void check_view_in_mode(const struct kind *kind, const char *mode)
{
    FILE *stream = open_text(kind, "0123", mode);
    if (stream == NULL)
        return;
    const char *view = filelike_view(stream, NULL);
    ck_assert_ptr_nonnull(view);
    if (mode[0] != 'w')
        ck_assert_mem_eq(view, "0123", 4);
    else
        ck_assert(kind_has(kind, KIND_BARE) || view[0] == '\0');
    assert_closes(stream);
}

START_TEST(view_in_every_mode)
{
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++)
        check_view_in_mode(&kinds[_i], modes[i]);
}
END_TEST

START_TEST(view_of_a_stream_that_only_writes)
{
    FILE *stream = open_empty(&kinds[_i], "w");
    if (stream == NULL)
        return;
    write_text(stream, "0123");
    assert_text(stream, "0123");
    write_text(stream, "45");
    assert_text(stream, "012345");
    ck_assert(!ferror(stream));
    assert_closes(stream);
}
END_TEST

/* ---- filelike_detach -----------------------------------------------------------------
 */

static void assert_detaches(FILE *stream, const char *text)
{
    size_t size;
    char *bytes = filelike_detach(stream, &size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(bytes, text);
    free(bytes);
}

START_TEST(detach_takes_all)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(fseeko(stream, 5, SEEK_SET), 0);
    assert_detaches(stream, "0123456789");
    ck_assert_int_eq(ftello(stream), 0);
    ck_assert_int_eq(filelike_size(stream), 0);
    assert_text(stream, "");
    assert_reads(stream, "");
    assert_closes(stream);
}
END_TEST

START_TEST(detach_leaves_a_stream_to_use)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    for (int i = 0; i < 3; i++) {
        write_text(stream, "again");
        rewind(stream);
        assert_reads(stream, "again");
        assert_detaches(stream, "again");
        ck_assert(!feof(stream));
    }
    write_text(stream, "the rest");
    assert_text(stream, "the rest");
    assert_closes(stream);
}
END_TEST

START_TEST(detach_of_nothing)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    assert_detaches(stream, "");
    assert_detaches(stream, "");
    free(filelike_detach(stream, NULL));
    assert_closes(stream);
}
END_TEST

START_TEST(detach_gives_up_what_is_pending)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    assert_detaches(stream, "0123456789");
    assert_reads(stream, "");
    assert_closes(stream);
}
END_TEST

START_TEST(detach_on_append)
{
    static const char *const modes[] = {"a", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_text(&kinds[_i], "0123", modes[i]);
        if (stream == NULL)
            continue;
        write_text(stream, "45");
        assert_detaches(stream, "012345");
        ck_assert_int_eq(ftello(stream), 0);
        write_text(stream, "67");
        assert_text(stream, "67");
        assert_closes(stream);
    }
}
END_TEST

static void check_detach_moves(const struct kind *kind, size_t size)
{
    char *bytes = malloc(size);
    make_pattern(bytes, size);
    FILE *stream = open_empty(kind, "w+");
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    const void *view = filelike_view(stream, NULL);
    char *detached = filelike_detach(stream, NULL);
    ck_assert_ptr_eq(detached, view);
    ck_assert_mem_eq(detached, bytes, size);
    free(detached);
    assert_closes(stream);
    free(bytes);
}

START_TEST(detach_does_not_copy)
{
    if (!kind_has(&kinds[_i], KIND_MOVABLE | KIND_STAYS))
        return;
    check_detach_moves(&kinds[_i], 1);
    check_detach_moves(&kinds[_i], 1000);
    check_detach_moves(&kinds[_i], 1 << 20);
}
END_TEST

/* ---- filelike_truncate ---------------------------------------------------------------
 */

START_TEST(truncate_cuts)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    ck_assert_int_eq(ftello(stream), 10);
    assert_text(stream, "0123");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    assert_text(stream, "0123");
    rewind(stream);
    assert_reads(stream, "0123");
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    assert_text(stream, "");
    assert_closes(stream);
}
END_TEST

/* The position stays past the end. The next write leaves a gap. */
START_TEST(truncate_leaves_the_position)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    write_text(stream, "x");
    assert_bytes(stream, "0123\0\0\0\0\0\0x", 11);
    ck_assert_int_eq(fseeko(stream, 1, SEEK_SET), 0);
    ck_assert_int_eq(filelike_truncate(stream, 6), 0);
    ck_assert_int_eq(ftello(stream), 1);
    ck_assert_int_eq(getc(stream), '1');
    assert_closes(stream);
}
END_TEST

static void check_extends(const struct kind *kind, size_t size)
{
    FILE *stream = open_text(kind, "0123456789", "r+");
    char *expected = calloc(1, size);
    memcpy(expected, "0123456789", 10);
    ck_assert_int_eq(filelike_truncate(stream, (int64_t) size), 0);
    ck_assert_int_eq(ftello(stream), 0);
    ck_assert_int_eq(filelike_size(stream), (int64_t) size);
    assert_bytes(stream, expected, size);
    assert_closes(stream);
    free(expected);
}

START_TEST(truncate_extends_with_zeros)
{
    check_extends(&kinds[_i], 11);
    check_extends(&kinds[_i], 1000);
    check_extends(&kinds[_i], 4096);
    check_extends(&kinds[_i], 100000);
}
END_TEST

/* Bytes that were cut off do not come back. */
START_TEST(truncate_forgets)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
    ck_assert_int_eq(filelike_truncate(stream, 8), 0);
    assert_bytes(stream, "012\0\0\0\0\0", 8);
    assert_closes(stream);
}
END_TEST

START_TEST(truncate_clears_the_end)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r+");
    assert_reads(stream, "0123");
    ck_assert_int_eq(filelike_truncate(stream, 6), 0);
    ck_assert(!feof(stream));
    ck_assert_int_eq(getc(stream), '\0');
    ck_assert_int_eq(getc(stream), '\0');
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(feof(stream));
    assert_closes(stream);
}
END_TEST

/* stdio's buffer may hold bytes that were cut off, or output for positions past the new
 * end. */
START_TEST(truncate_counts_for_stdio_too)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
    assert_reads(stream, "12");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "abcdef");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    assert_text(stream, "012a");
    assert_closes(stream);
}
END_TEST

START_TEST(truncate_after_push_back)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    /* After a seek forwards and back, SEEK_CUR leads glibc's own streams astray. */
    ck_assert_int_eq(fseeko(stream, 3, SEEK_SET), 0);
    ck_assert_int_eq(fseeko(stream, 2, SEEK_SET), 0);
    ck_assert_int_eq(ungetc('w', stream), 'w');
    ck_assert_int_eq(filelike_truncate(stream, 9), 0);
    ck_assert_int_eq(ftello(stream), 1);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
    ck_assert_int_eq(ungetc('x', stream), 'x');
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
    rewind(stream);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(ungetc('y', stream), 'y');
    ck_assert_int_eq(filelike_truncate(stream, 2), 0);
    rewind(stream);
    assert_reads(stream, "01");
    assert_closes(stream);
}
END_TEST

START_TEST(truncate_on_append)
{
    FILE *stream = open_text(&kinds[_i], "0123", "a");
    if (stream == NULL)
        return;
    ck_assert_int_eq(filelike_truncate(stream, 2), 0);
    write_text(stream, "ab");
    assert_text(stream, "01ab");
    assert_closes(stream);
}
END_TEST

START_TEST(truncate_refuses)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r+");
    assert_fails(filelike_truncate(stream, -1), -1, EINVAL);
    assert_fails(filelike_truncate(stream, INT64_MIN), -1, EINVAL);
    assert_text(stream, "0123");
    ck_assert(!ferror(stream));
    assert_closes(stream);
}
END_TEST

/* No block of memory is this large, but a file may be. A truncation that fails loses no
 * bytes, so fclose reports none. */
START_TEST(truncate_to_more_than_there_can_be)
{
    bounds_allow_far_positions();
    FILE *stream = open_text(&kinds[_i], "0123", "r+");
    if (filelike_truncate(stream, INT64_MAX) == 0) {
        ck_assert(!kind_has(&kinds[_i], KIND_MOVABLE | KIND_STAYS));
        ck_assert_int_eq(filelike_size(stream), INT64_MAX);
        ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    } else {
        bool is_full = kind_has(&kinds[_i], KIND_BOUND) && errno == ENOSPC;
        ck_assert(errno == ENOMEM || errno == EFBIG || is_full);
    }
    assert_text(stream, "0123");
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}
END_TEST

/* ---- Modes ---------------------------------------------------------------------------
 */

START_TEST(read_mode_refuses_changes)
{
    FILE *stream = open_empty(&kinds[_i], "r");
    if (stream == NULL)
        return;
    assert_fails(filelike_truncate(stream, 0), -1, EBADF);
    assert_fails(filelike_truncate(stream, 1), -1, EBADF);
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    ck_assert_int_eq(filelike_size(stream), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(read_mode_refuses_to_give_bytes_away)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r");
    if (stream == NULL)
        return;
    ck_assert_int_eq(getc(stream), '0');
    assert_fails(filelike_truncate(stream, 2), -1, EBADF);
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    assert_reads(stream, "123");
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

/* ---- filelike_in_memory and filelike_error -------------------------------------------
 */

START_TEST(in_memory)
{
    const struct kind *kind = &kinds[_i];
    FILE *stream = open_empty(kind, "w+");
    ck_assert_int_eq(filelike_in_memory(stream), kind_has(kind, KIND_IN_MEMORY));
    write_zeros(stream, 10000);
    ck_assert_int_eq(
        filelike_in_memory(stream), kind_has(kind, KIND_IN_MEMORY | KIND_STAYS));
    assert_closes(stream);
}
END_TEST

START_TEST(error_of_a_sound_stream)
{
    FILE *stream = open_text(&kinds[_i], "0123", "r+");
    assert_reads(stream, "0123");
    assert_fails(fseeko(stream, -1, SEEK_SET), -1, EINVAL);
    assert_fails(filelike_truncate(stream, -1), -1, EINVAL);
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}
END_TEST

/* ---- Streams whose bytes cannot be reached -------------------------------------------
 */

static void check_unreachable(FILE *stream)
{
    size_t size = 17;
    ck_assert_ptr_nonnull(stream);
    assert_fails(filelike_size(stream), -1, ENOTSUP);
    assert_fails(filelike_view(stream, &size), NULL, ENOTSUP);
    assert_fails(filelike_detach(stream, &size), NULL, ENOTSUP);
    assert_fails(filelike_truncate(stream, 0), -1, ENOTSUP);
    assert_fails(filelike_in_memory(stream), -1, ENOTSUP);
    assert_fails(filelike_error(stream), -1, ENOTSUP);
    ck_assert(!ferror(stream));
}

START_TEST(pipes)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    FILE *reader = fdopen(ends[0], "r");
    FILE *writer = fdopen(ends[1], "w");
    write_text(writer, "through");
    check_unreachable(writer);
    check_unreachable(reader);
    assert_closes(writer);
    assert_reads(reader, "through");
    assert_closes(reader);
}
END_TEST

START_TEST(open_memstreams)
{
    char *bytes;
    size_t size;
    FILE *stream = open_memstream(&bytes, &size);
    write_text(stream, "0123");
    check_unreachable(stream);
    write_text(stream, "4567");
    assert_closes(stream);
    ck_assert_str_eq(bytes, "01234567");
    free(bytes);
}
END_TEST

START_TEST(fmemopens)
{
    char bytes[] = "0123456789";
    FILE *stream = fmemopen(bytes, sizeof bytes - 1, "r+");
    ck_assert_int_eq(getc(stream), '0');
    check_unreachable(stream);
    assert_reads(stream, "123456789");
    assert_closes(stream);
}
END_TEST

static ssize_t read_nothing(void *cookie, char *buffer, size_t size)
{
    (void) cookie, (void) buffer, (void) size;
    return 0;
}

START_TEST(cookies_of_others)
{
    cookie_io_functions_t callbacks = {.read = read_nothing};
    FILE *stream = fopencookie(NULL, "r", callbacks);
    check_unreachable(stream);
    assert_closes(stream);
}
END_TEST

START_TEST(devices_and_directories)
{
    FILE *device = fopen("/dev/null", "w+");
    FILE *directory = fopen("/", "r");
    check_unreachable(device);
    check_unreachable(directory);
    assert_closes(device);
    assert_closes(directory);
}
END_TEST

/* ---- Files without a known size ------------------------------------------------------
 */

static void check_without_size(FILE *stream)
{
    size_t size = 17;
    assert_fails(filelike_size(stream), -1, ENOTSUP);
    assert_fails(filelike_view(stream, &size), NULL, ENOTSUP);
    assert_fails(filelike_detach(stream, &size), NULL, ENOTSUP);
    assert_fails(filelike_truncate(stream, 0), -1, ENOTSUP);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert_int_ge(filelike_fileno(stream), 0);
    ck_assert_uint_eq(size, 17);
}

static const char *copy_of(const char *path)
{
    static char text[1 << 16];
    (void) snprintf(text, sizeof text, "%s", content(path));
    return text;
}

/* The kernel gives 0, the size of a page or the true size. */
START_TEST(files_of_the_kernel)
{
    static const char *const paths[] = {"/proc/version", "/proc/self/limits",
        "/proc/sys/kernel/ostype", "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/kernel/profiling", "/sys/fs/cgroup/cgroup.controllers"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *stream = fopen(paths[i], "r");
        if (stream == NULL) {
            say_skipped(paths[i], strerror(errno));
            continue;
        }
        const char *text = copy_of(paths[i]);
        check_without_size(stream);
        ck_assert_int_eq(filelike_persist(stream, "copy", FILELIKE_NOSYNC), 0);
        ck_assert_str_eq(content("copy"), text);
        FILE *second = filelike_reopen(stream, "r");
        check_without_size(second);
        ck_assert_int_eq(filelike_persist(second, "copy", FILELIKE_NOSYNC), 0);
        ck_assert_str_eq(content("copy"), text);
        FILE *part = filelike_section(stream, 1, 3);
        assert_fails(filelike_size(part), -1, ENOTSUP);
        assert_fails(filelike_view(part, NULL), NULL, ENOTSUP);
        ck_assert_int_eq(filelike_persist(part, "copy", FILELIKE_NOSYNC), 0);
        ck_assert_int_eq(strncmp(content("copy"), text + 1, 3), 0);
        ck_assert_uint_le(strlen(content("copy")), 3);
        assert_closes(part);
        assert_reads(second, text);
        assert_reads(stream, text);
        assert_closes(second);
        assert_closes(stream);
    }
}
END_TEST

/* Files that are only written have no known size, either. */
START_TEST(files_of_the_kernel_to_write)
{
    FILE *stream = fopen("/proc/self/oom_score_adj", "w");
    if (stream == NULL) {
        say_skipped("a file of the kernel's to write", strerror(errno));
        return;
    }
    assert_fails(filelike_size(stream), -1, ENOTSUP);
    assert_fails(filelike_truncate(stream, 0), -1, ENOTSUP);
    assert_closes(stream);
}
END_TEST

/* The end is not known, so the stream begins at 0. */
START_TEST(files_of_the_kernel_to_append)
{
    FILE *stream = fopen("/proc/self/comm", "r+");
    if (stream == NULL) {
        say_skipped("a file of the kernel's to append to", strerror(errno));
        return;
    }
    FILE *second = filelike_reopen(stream, "a");
    ck_assert_ptr_nonnull(second);
    ck_assert_int_eq(ftello(second), 0);
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

/* A file of size 0 on disk is really empty. */
START_TEST(empty_files)
{
    FILE *stream = fopen("file", "w+");
    FILE *second = filelike_reopen(stream, "r+");
    ck_assert_int_eq(filelike_size(stream), 0);
    ck_assert_int_eq(filelike_size(second), 0);
    ck_assert_int_eq(filelike_truncate(stream, 100000), 0);
    ck_assert_int_eq(filelike_size(second), 100000);
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

/* ---- Streams of the C library --------------------------------------------------------
 */

/* fclose does not go through the library. The next stream may get the same descriptor,
 * and must not get the old view. */
START_TEST(native_streams_one_after_the_other)
{
    for (int i = 0; i < 20; i++) {
        FILE *stream = tmpfile();
        char expected[20];
        ck_assert_int_gt(fprintf(stream, "stream %d", i), 0);
        (void) snprintf(expected, sizeof expected, "stream %d", i);
        assert_text(stream, expected);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(streams_of_fdopen)
{
    FILE *file = tmpfile();
    write_text(file, "0123456789");
    ck_assert_int_eq(fflush(file), 0);
    FILE *stream = fdopen(dup(fileno(file)), "r+");
    assert_text(stream, "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    ck_assert_int_eq(filelike_size(file), 4);
    char *bytes = filelike_detach(stream, NULL);
    ck_assert_str_eq(bytes, "0123");
    ck_assert_int_eq(filelike_size(file), 0);
    free(bytes);
    assert_closes(stream);
    assert_closes(file);
}
END_TEST

START_TEST(native_view_lasts_until_close)
{
    FILE *stream = tmpfile();
    FILE *others[20];
    write_text(stream, "0123456789");
    const char *view = filelike_view(stream, NULL);
    for (size_t i = 0; i < COUNT(others); i++) {
        others[i] = tmpfile();
        write_text(others[i], "other");
        assert_text(others[i], "other");
    }
    ck_assert_str_eq(view, "0123456789");
    for (size_t i = 0; i < COUNT(others); i++)
        assert_closes(others[i]);
    ck_assert_str_eq(view, "0123456789");
    assert_closes(stream);
}
END_TEST

static unsigned fstats;
static unsigned struck;
static int strike_error;

/* The first fstat is that of the stream itself. */
static enum fault strike_second_fstat(enum fault_call call)
{
    if (call != FAULT_FSTAT || ++fstats != 2)
        return FAULT_NONE;
    struck++;
    errno = strike_error;
    return FAULT_FAILS;
}

/* Each use of a native stream asks whether another one was closed. Only a descriptor that
 * is closed tells that. */
START_TEST(native_view_outlives_failed_questions)
{
    enum { MANY = 200 };
    static const int errors[] = {EINTR, EIO};
    strike_error = errors[_i];
    FILE *stream = tmpfile();
    write_text(stream, "0123");
    const char *view = filelike_view(stream, NULL);
    FILE *other = tmpfile();
    ck_assert_int_eq(filelike_size(other), 0);
    for (int i = 0; i < MANY; i++) {
        fstats = 0;
        faults.strike = strike_second_fstat;
        ck_assert_int_eq(filelike_size(other), 0);
        faults.strike = NULL;
    }
    ck_assert_uint_gt(struck, 0);
    ck_assert_str_eq(view, "0123");
    assert_closes(other);
    assert_closes(stream);
}
END_TEST

START_TEST(native_error_is_the_indicator)
{
    FILE *stream = fopen("/proc/self/exe", "r");
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert_int_eq(putc('x', stream), EOF);
    ck_assert_int_eq(filelike_error(stream), EIO);
    clearerr(stream);
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(size_counts_what_is_pending);
    ADD(asking_disturbs_nothing);
    ADD(view_has_all_bytes_and_an_end);
    ADD(view_of_nothing);
    ADD(view_stays_while_others_read);
    ADD(view_follows_each_change);
    if (!kind_has(&kinds[kind], KIND_BARE))
        ADD(view_ends_after_each_change);
    ADD(view_in_every_mode);
    ADD(view_can_be_written_behind_itself);
    ADD(views_of_another_stream_can_be_written);
    ADD(views_can_be_printed_one_after_the_other);
    ADD(view_of_a_stream_that_only_writes);
    ADD(detach_takes_all);
    ADD(detach_leaves_a_stream_to_use);
    ADD(detach_of_nothing);
    ADD(detach_gives_up_what_is_pending);
    ADD(detach_on_append);
    ADD(detach_does_not_copy);
    ADD(truncate_cuts);
    ADD(truncate_leaves_the_position);
    ADD(truncate_extends_with_zeros);
    ADD(truncate_forgets);
    ADD(truncate_clears_the_end);
    ADD(truncate_counts_for_stdio_too);
    ADD(truncate_after_push_back);
    ADD(truncate_on_append);
    ADD(truncate_refuses);
    ADD(truncate_to_more_than_there_can_be);
    ADD(read_mode_refuses_changes);
    ADD(read_mode_refuses_to_give_bytes_away);
    if (!kind_has(&kinds[kind], KIND_OPAQUE))
        ADD(in_memory);
    ADD(error_of_a_sound_stream);
#undef ADD
}

static void add_files_of_others(TCase *test_case)
{
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_test(test_case, files_of_the_kernel);
    tcase_add_test(test_case, files_of_the_kernel_to_write);
    tcase_add_test(test_case, files_of_the_kernel_to_append);
    tcase_add_test(test_case, empty_files);
}

static void add_other_streams(TCase *test_case)
{
    tcase_add_test(test_case, pipes);
    tcase_add_test(test_case, open_memstreams);
    tcase_add_test(test_case, fmemopens);
    tcase_add_test(test_case, cookies_of_others);
    tcase_add_test(test_case, devices_and_directories);
    tcase_add_test(test_case, native_streams_one_after_the_other);
    tcase_add_test(test_case, streams_of_fdopen);
    tcase_add_test(test_case, native_view_lasts_until_close);
    tcase_add_loop_test(test_case, native_view_outlives_failed_questions, 0, 2);
    tcase_add_test(test_case, native_error_is_the_indicator);
}

int main(void)
{
    Suite *suite = suite_create("view");
    suite_over_kinds(suite, add);
    add_other_streams(suite_case(suite, "other streams"));
    add_files_of_others(suite_case(suite, "files of others"));
    return suite_run(suite);
}
