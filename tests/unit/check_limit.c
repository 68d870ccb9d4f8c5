/* The limits of a stream, and the reports of lost writes. */
#include <config.h>

#include "bounds.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT = 100 };

/* A stream that may hold LIMIT bytes; NULL where the kind knows no limit. */
static FILE *limited(const struct kind *kind)
{
    return kind_has(kind, KIND_OPTIONS) ? open_limited(kind, "w+", LIMIT) : NULL;
}

/* Writes SIZE bytes, and out. 0, or the errno. */
static int store_error(FILE *stream, size_t size)
{
    static const char zeros[10 * LIMIT];
    if (fwrite(zeros, 1, size, stream) == size && fflush(stream) == 0)
        return 0;
    return errno;
}

/* ---- The limit -----------------------------------------------------------------------
 */

START_TEST(limit_can_be_reached)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(store_error(stream, LIMIT), 0);
    ck_assert_int_eq(filelike_size(stream), LIMIT);
    rewind(stream);
    ck_assert_int_eq(store_error(stream, LIMIT), 0);
    ck_assert_int_eq(filelike_truncate(stream, LIMIT), 0);
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(limit_can_be_reached_again)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(store_error(stream, LIMIT), 0);
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    rewind(stream);
    ck_assert_int_eq(store_error(stream, LIMIT), 0);
    free(filelike_detach(stream, NULL));
    ck_assert_int_eq(store_error(stream, LIMIT), 0);
    assert_closes(stream);
}
END_TEST

/* A write past the limit stores nothing, whether or not stdio's buffer holds its bytes.
 * All bytes flushed before stay. */
static void check_overflow(const struct kind *kind, size_t first, size_t second)
{
    FILE *stream = limited(kind);
    if (stream == NULL)
        return;
    ck_assert_int_eq(store_error(stream, first), 0);
    ck_assert_int_eq(store_error(stream, second), EFBIG);
    ck_assert(ferror(stream));
    ck_assert_int_eq(filelike_size(stream), (int64_t) first);
    ck_assert_int_eq(filelike_error(stream), EFBIG);
    assert_closes_with(stream, EFBIG);
}

START_TEST(nothing_is_stored_past_the_limit)
{
    if (kinds[_i].options.buffer_size != 0 && kinds[_i].options.buffer_size < LIMIT)
        return; /* stdio makes several writes of it, see below */
    check_overflow(&kinds[_i], LIMIT, 1);
    check_overflow(&kinds[_i], LIMIT - 1, 2);
    check_overflow(&kinds[_i], 0, LIMIT + 1);
    check_overflow(&kinds[_i], 50, 10 * LIMIT - 1);
}
END_TEST

/* Characters that stdio has written from its buffer before the limit are there. */
START_TEST(bytes_from_before_the_limit_stay)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(store_error(stream, LIMIT / 2), 0);
    for (int i = 0; i < 2 * LIMIT; i++)
        (void) putc('x', stream);
    (void) fflush(stream);
    size_t size;
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_ge(size, LIMIT / 2);
    ck_assert_uint_le(size, LIMIT);
    for (size_t i = 0; i < size; i++)
        ck_assert_int_eq(view[i], i < LIMIT / 2 ? '\0' : 'x');
    assert_closes_with(stream, EFBIG);
}
END_TEST

START_TEST(seeking_past_the_limit_is_fine)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(fseeko(stream, LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(fseeko(stream, 10 * LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(!ferror(stream));
    ck_assert_int_eq(fseeko(stream, LIMIT - 1, SEEK_SET), 0);
    ck_assert_int_eq(store_error(stream, 1), 0);
    ck_assert_int_eq(filelike_size(stream), LIMIT);
    assert_closes(stream);
}
END_TEST

START_TEST(writing_past_the_limit_after_a_seek)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    write_text(stream, "0123");
    ck_assert_int_eq(fseeko(stream, LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(store_error(stream, 1), EFBIG);
    clearerr(stream);
    assert_text(stream, "0123");
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* A truncation that fails loses no bytes, so filelike_error reports no lost write. */
START_TEST(truncation_past_the_limit)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    write_text(stream, "0123");
    assert_fails(filelike_truncate(stream, LIMIT + 1), -1, EFBIG);
    assert_fails(filelike_truncate(stream, INT64_MAX), -1, EFBIG);
    ck_assert(!ferror(stream));
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_text(stream, "0123");
    ck_assert_int_eq(filelike_truncate(stream, LIMIT), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(limits_too_large_to_matter)
{
    static const uint64_t limits[] = {
        INT64_MAX, (uint64_t) INT64_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < COUNT(limits); i++) {
        if (!kind_has(&kinds[_i], KIND_OPTIONS))
            return;
        FILE *stream = open_limited(&kinds[_i], "w+", limits[i]);
        write_text(stream, "0123");
        assert_text(stream, "0123");
        assert_closes(stream);
    }
}
END_TEST

START_TEST(limit_of_one_byte)
{
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    FILE *stream = open_limited(&kinds[_i], "w+", 1);
    ck_assert_int_eq(store_error(stream, 1), 0);
    ck_assert_int_eq(store_error(stream, 1), EFBIG);
    clearerr(stream);
    ck_assert_int_eq(filelike_size(stream), 1);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- Lost writes ---------------------------------------------------------------------
 */

static FILE *loser(const struct kind *kind)
{
    FILE *stream = limited(kind);
    if (stream == NULL)
        return NULL;
    ck_assert_int_eq(store_error(stream, 2 * LIMIT), EFBIG);
    return stream;
}

START_TEST(lost_write_is_remembered_through_clearerr)
{
    FILE *stream = loser(&kinds[_i]);
    if (stream == NULL)
        return;
    clearerr(stream);
    ck_assert(!ferror(stream));
    ck_assert_int_eq(filelike_error(stream), EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

START_TEST(lost_write_is_remembered_through_success)
{
    FILE *stream = loser(&kinds[_i]);
    if (stream == NULL)
        return;
    clearerr(stream);
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    rewind(stream);
    write_text(stream, "sound");
    rewind(stream);
    assert_reads(stream, "sound");
    ck_assert_int_eq(filelike_error(stream), EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

START_TEST(lost_write_is_remembered_through_detach)
{
    FILE *stream = loser(&kinds[_i]);
    if (stream == NULL)
        return;
    clearerr(stream);
    free(filelike_detach(stream, NULL));
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* Output that is still pending when the stream is closed. */
START_TEST(write_lost_by_fclose)
{
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(fseeko(stream, LIMIT, SEEK_SET), 0);
    (void) putc('x', stream);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* The functions of the library flush first, and fail if the flush fails. */
START_TEST(write_lost_by_asking)
{
    if (kinds[_i].options.buffer_size == 1)
        return; /* nothing is ever pending */
    FILE *stream = limited(&kinds[_i]);
    if (stream == NULL)
        return;
    ck_assert_int_eq(fseeko(stream, LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(putc('x', stream), 'x');
    assert_fails(filelike_size(stream), -1, EFBIG);
    ck_assert_int_eq(putc('x', stream), 'x');
    assert_fails(filelike_view(stream, NULL), NULL, EFBIG);
    clearerr(stream);
    ck_assert_int_eq(filelike_size(stream), 0);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* Ten bytes, of which six may be stored, and four are. */
static FILE *open_with_pending(const struct kind *kind)
{
    FILE *stream = open_limited(kind, "w+", 6);
    write_text(stream, "0123");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_ne(fputs("456789", stream), EOF);
    return stream;
}

static void check_pending_lost(FILE *stream)
{
    clearerr(stream);
    assert_text(stream, "0123");
    assert_closes_with(stream, EFBIG);
}

START_TEST(write_lost_by_synchronizing)
{
    const struct kind *kind = &kinds[_i];
    size_t buffer = kind->options.buffer_size;
    if (!kind_has(kind, KIND_OPTIONS) || (buffer != 0 && buffer < 10))
        return; /* a small buffer never holds all of it */
    FILE *stream = open_with_pending(kind);
    assert_fails(filelike_truncate(stream, 2), -1, EFBIG);
    check_pending_lost(stream);
    stream = open_with_pending(kind);
    assert_fails(filelike_detach(stream, NULL), NULL, EFBIG);
    check_pending_lost(stream);
    stream = open_with_pending(kind);
    assert_fails(filelike_fileno(stream), -1, EFBIG);
    check_pending_lost(stream);
}
END_TEST

START_TEST(first_loss_counts)
{
    bounds_allow_far_positions();
    FILE *stream = loser(&kinds[_i]);
    if (stream == NULL)
        return;
    clearerr(stream);
    ck_assert_int_eq(fseeko(stream, INT64_C(1) << 40, SEEK_SET), 0);
    ck_assert_int_ne(store_error(stream, 1), 0);
    ck_assert_int_eq(filelike_error(stream), EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- Failed reads --------------------------------------------------------------------
 */

/* Puts something that cannot be read behind STREAM's descriptor. */
static void break_reading(FILE *stream)
{
    int descriptor = filelike_fileno(stream);
    int unreadable = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_ge(unreadable, 0);
    ck_assert_int_eq(dup3(unreadable, descriptor, O_CLOEXEC), descriptor);
    ck_assert_int_eq(close(unreadable), 0);
}

START_TEST(failed_read_loses_nothing)
{
    FILE *stream =
        kind_has(&kinds[_i], KIND_WATCHED) ? open_empty(&kinds[_i], "w+") : NULL;
    if (stream == NULL)
        return;
    write_text(stream, "0123");
    rewind(stream);
    break_reading(stream);
    assert_fails(getc(stream), EOF, EBADF);
    ck_assert(ferror(stream));
    clearerr(stream);
    ck_assert_int_eq(filelike_error(stream), EBADF);
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(limit_can_be_reached);
    ADD(limit_can_be_reached_again);
    ADD(nothing_is_stored_past_the_limit);
    ADD(bytes_from_before_the_limit_stay);
    ADD(seeking_past_the_limit_is_fine);
    ADD(writing_past_the_limit_after_a_seek);
    ADD(truncation_past_the_limit);
    ADD(limits_too_large_to_matter);
    ADD(limit_of_one_byte);
    ADD(lost_write_is_remembered_through_clearerr);
    ADD(lost_write_is_remembered_through_success);
    ADD(lost_write_is_remembered_through_detach);
    ADD(write_lost_by_fclose);
    ADD(write_lost_by_asking);
    ADD(write_lost_by_synchronizing);
    ADD(first_loss_counts);
    if (!kind_has(&kinds[kind], KIND_BOUND))
        ADD(failed_read_loses_nothing);
#undef ADD
}

int main(void)
{
    Suite *suite = suite_create("limit");
    suite_over_kinds(suite, add);
    return suite_run(suite);
}
