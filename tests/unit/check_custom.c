/* Streams on operations of the caller's own, with positions. */
#include <config.h>

#include "backing.h"
#include "crowd.h"
#include "sanitized.h"
#include "scratch.h"
#include "suite.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};

static struct backing backing;

static void start_on(const char *text)
{
    backing_init(&backing, 0, text, strlen(text));
}

static FILE *open_on(const char *text, const char *mode)
{
    start_on(text);
    FILE *stream = filelike_custom(&backing, &backing_operations, mode, NULL);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static FILE *open_without(struct filelike_operations operations, const char *mode)
{
    start_on("0123456789");
    FILE *stream = filelike_custom(&backing, &operations, mode, NULL);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static void assert_opens_without(struct filelike_operations operations, const char *mode)
{
    assert_closes(open_without(operations, mode));
    backing_finish(&backing);
}

static void assert_holds(const char *text)
{
    ck_assert_uint_eq(backing.size, strlen(text));
    ck_assert_mem_eq(backing.bytes, text, strlen(text));
}

/* Checks that the context was closed once, with LOST as its argument. */
static void assert_closed(int lost)
{
    ck_assert_uint_eq(backing.calls[BACKING_CLOSE], 1);
    ck_assert_int_eq(backing.lost, lost);
    ck_assert(!backing.overlapped);
    backing_finish(&backing);
}

static void assert_untouched(unsigned truncations)
{
    for (int i = 0; i < BACKING_OPERATIONS; i++)
        ck_assert_uint_eq(backing.calls[i], i == BACKING_TRUNCATE ? truncations : 0);
    backing_finish(&backing);
}

/* ---- Opening -------------------------------------------------------------------------
 */

START_TEST(modes_mean_what_they_mean)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        bool emptied = modes[i][0] == 'w';
        bool at_end = strcmp(modes[i], "a") == 0;
        FILE *stream = open_on("0123", modes[i]);
        ck_assert_int_eq(ftello(stream), at_end ? 4 : 0);
        assert_text(stream, emptied ? "" : "0123");
        assert_closes(stream);
        assert_closed(0);
    }
}
END_TEST

static void assert_refused(
    const struct filelike_operations *operations, const char *mode, int error)
{
    start_on("0123");
    assert_fails(filelike_custom(&backing, operations, mode, NULL), NULL, error);
    assert_untouched(0);
}

START_TEST(modes_need_their_operations)
{
    struct filelike_operations no_read = backing_operations;
    struct filelike_operations no_write = backing_operations;
    struct filelike_operations no_truncate = backing_operations;
    no_read.read = NULL;
    no_write.write = NULL;
    no_truncate.truncate = NULL;
    for (size_t i = 0; i < COUNT(modes); i++) {
        bool reads = modes[i][0] == 'r' || modes[i][1] == '+';
        bool writes = modes[i][0] != 'r' || modes[i][1] == '+';
        if (reads)
            assert_refused(&no_read, modes[i], EINVAL);
        else
            assert_opens_without(no_read, modes[i]);
        if (writes)
            assert_refused(&no_write, modes[i], EINVAL);
        else
            assert_opens_without(no_write, modes[i]);
        if (modes[i][0] == 'w')
            assert_refused(&no_truncate, modes[i], EINVAL);
        else
            assert_opens_without(no_truncate, modes[i]);
    }
}
END_TEST

START_TEST(refuses_what_is_not_allowed)
{
    struct filelike_options bad = {.flags = 1u << 31};
    assert_refused(&backing_operations, NULL, EINVAL);
    assert_refused(&backing_operations, "", EINVAL);
    assert_refused(&backing_operations, "rw", EINVAL);
    assert_refused(NULL, "r", EINVAL);
    for (size_t i = 0; i < COUNT(backing_operations.reserved); i++) {
        struct filelike_operations reserved = backing_operations;
        reserved.reserved[i] = &bad;
        assert_refused(&reserved, "r", EINVAL);
    }
    start_on("");
    assert_fails(filelike_custom(&backing, &backing_operations, "r", &bad), NULL, EINVAL);
    assert_untouched(0);
}
END_TEST

START_TEST(failed_truncation_opens_nothing)
{
    start_on("0123");
    backing_fail(&backing, BACKING_TRUNCATE, 0, 1, -1, EROFS);
    assert_fails(filelike_custom(&backing, &backing_operations, "w", NULL), NULL, EROFS);
    assert_untouched(1);
}
END_TEST

START_TEST(operations_are_copied)
{
    struct filelike_operations operations = backing_operations;
    start_on("0123");
    FILE *stream = filelike_custom(&backing, &operations, "r+", NULL);
    memset(&operations, 0, sizeof operations);
    assert_text(stream, "0123");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* Opening works even if the size operation still fails. */
START_TEST(append_opens_without_a_size)
{
    start_on("0123");
    backing_fail(&backing, BACKING_SIZE, 0, 1, -1, EIO);
    FILE *stream = filelike_custom(&backing, &backing_operations, "a", NULL);
    ck_assert_ptr_nonnull(stream);
    write_text(stream, "45");
    assert_text(stream, "012345");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* ---- Writing -------------------------------------------------------------------------
 */

START_TEST(gaps_are_filled_through_write)
{
    FILE *stream = open_on("01", "r+");
    ck_assert_int_eq(fseeko(stream, 10000, SEEK_SET), 0);
    write_text(stream, "x");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(backing.size, 10001);
    for (size_t i = 2; i < 10000; i++)
        ck_assert_int_eq(backing.bytes[i], 0);
    ck_assert(!backing.overlapped);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(truncates_by_its_operation)
{
    FILE *stream = open_on("0123", "r+");
    ck_assert_int_eq(filelike_truncate(stream, 2), 0);
    assert_holds("01");
    ck_assert_int_eq(filelike_truncate(stream, 4), 0);
    assert_bytes(stream, "01\0\0", 4);
    backing_fail(&backing, BACKING_TRUNCATE, 0, 1, -1, ENOSPC);
    assert_fails(filelike_truncate(stream, 5), -1, ENOSPC);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(without_truncate_or_read)
{
    struct filelike_operations operations = backing_operations;
    operations.truncate = NULL;
    FILE *stream = open_without(operations, "r+");
    assert_fails(filelike_truncate(stream, 2), -1, ENOTSUP);
    assert_fails(filelike_detach(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_reopen(stream, "w"), NULL, EINVAL);
    assert_text(stream, "0123456789");
    assert_closes(stream);
    assert_closed(0);

    operations = backing_operations;
    operations.read = NULL;
    stream = open_without(operations, "a");
    assert_fails(filelike_view(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_detach(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_persist(stream, "nothing", 0), -1, ENOTSUP);
    assert_fails(filelike_reopen(stream, "r"), NULL, EINVAL);
    ck_assert_int_eq(filelike_size(stream), 10);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(limit_holds)
{
    struct filelike_options options = {.size_limit = 5};
    start_on("0123");
    FILE *stream = filelike_custom(&backing, &backing_operations, "a+", &options);
    write_text(stream, "45");
    assert_fails(fflush(stream), EOF, EFBIG);
    assert_fails(filelike_truncate(stream, 6), -1, EFBIG);
    assert_holds("0123");
    assert_closes_with(stream, EFBIG);
    assert_closed(EFBIG);
}
END_TEST

/* ---- Failures ------------------------------------------------------------------------
 */

/* If write fails after some bytes, the library takes these bytes back. */
START_TEST(failed_write_stores_nothing)
{
    FILE *stream = open_on("0123", "a");
    backing.random = 1;
    write_text(stream, "45678901234567890123456789");
    backing_fail(&backing, BACKING_WRITE, 2, 1, -1, ENOSPC);
    assert_fails(fflush(stream), EOF, ENOSPC);
    assert_holds("0123");
    ck_assert_int_eq(filelike_error(stream), ENOSPC);
    clearerr(stream);
    write_text(stream, "45");
    assert_text(stream, "012345");
    assert_closes_with(stream, ENOSPC);
    assert_closed(ENOSPC);
}
END_TEST

START_TEST(failed_gap_stores_nothing)
{
    FILE *stream = open_on("0123", "r+");
    ck_assert_int_eq(fseeko(stream, 20000, SEEK_SET), 0);
    write_text(stream, "x");
    backing_fail(&backing, BACKING_WRITE, 3, 1, -1, EDQUOT);
    assert_fails(fflush(stream), EOF, EDQUOT);
    assert_holds("0123");
    assert_closes_with(stream, EDQUOT);
    assert_closed(EDQUOT);
}
END_TEST

/* Others have written behind the bytes that were stored, so nothing may be cut off. */
static ssize_t write_before_another(
    void *context, const void *data, size_t size, int64_t position)
{
    (void) context;
    if (position > 4) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t count = backing_operations.write(&backing, data, size < 1 ? size : 1, 4);
    return count == 1 && backing_operations.write(&backing, "other", 5, 5) == 5 ? 1 : -1;
}

START_TEST(what_others_wrote_stays)
{
    struct filelike_operations operations = backing_operations;
    operations.write = write_before_another;
    start_on("0123");
    FILE *stream = filelike_custom(&backing, &operations, "a", NULL);
    write_text(stream, "45");
    assert_fails(fflush(stream), EOF, ENOSPC);
    assert_holds("01234other");
    assert_closes_with(stream, ENOSPC);
    assert_closed(ENOSPC);
}
END_TEST

/* Results that are not allowed, and failures without a reason. */
static const struct {
    enum backing_operation operation;
    int64_t result;
    int error;
    int told;
} misbehaviour[] = {
    {BACKING_WRITE, 0, 0, EIO},
    {BACKING_WRITE, 0, ENOSPC, EIO},
    {BACKING_WRITE, 3, 0, EIO},
    {BACKING_WRITE, -2, ENOSPC, EIO},
    {BACKING_WRITE, -1, 0, EIO},
    {BACKING_WRITE, SSIZE_MAX, 0, EIO},
    {BACKING_WRITE, -SSIZE_MAX - 1, 0, EIO},
    {BACKING_SIZE, -1, 0, EIO},
    {BACKING_SIZE, -2, ENOSPC, EIO},
    {BACKING_SIZE, INT64_MIN, 0, EIO},
    {BACKING_SIZE, -1, ESTALE, ESTALE},
    {BACKING_WRITE, -1, ESTALE, ESTALE},
    {BACKING_WRITE, -1, ENOTSUP, ENOTSUP},
};

START_TEST(misbehaving_write_is_an_error)
{
    FILE *stream = open_on("0123", "a");
    write_text(stream, "45");
    backing_fail(&backing, misbehaviour[_i].operation, 0, 1, misbehaviour[_i].result,
        misbehaviour[_i].error);
    if (misbehaviour[_i].operation == BACKING_SIZE)
        backing.faults[BACKING_SIZE].times = 100;
    assert_fails(fflush(stream), EOF, misbehaviour[_i].told);
    backing.faults[BACKING_SIZE].times = 0;
    assert_holds("0123");
    assert_closes_with(stream, misbehaviour[_i].told);
    assert_closed(misbehaviour[_i].told);
}
END_TEST

START_TEST(misbehaving_read_is_an_error)
{
    static const struct {
        int64_t result;
        int error;
        int told;
    } cases[] = {{50000, 0, EIO}, {-2, 0, EIO}, {-1, 0, EIO}, {SSIZE_MAX, 0, EIO},
        {-SSIZE_MAX - 1, ENOENT, EIO}, {-1, EBADMSG, EBADMSG}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *stream = open_on("0123", "r");
        backing_fail(&backing, BACKING_READ, 0, 1, cases[i].result, cases[i].error);
        assert_fails(getc(stream), EOF, cases[i].told);
        ck_assert(ferror(stream) && !feof(stream));
        ck_assert_int_eq(filelike_error(stream), cases[i].told);
        clearerr(stream);
        assert_reads(stream, "0123");
        assert_closes(stream);
        assert_closed(0);
    }
}
END_TEST

START_TEST(size_and_truncate_misbehave)
{
    FILE *stream = open_on("0123", "r+");
    backing_fail(&backing, BACKING_SIZE, 0, 1, -3, 0);
    assert_fails(filelike_size(stream), -1, EIO);
    backing_fail(&backing, BACKING_SIZE, 0, 1, INT64_MAX, 0);
    assert_fails(filelike_view(stream, NULL), NULL, ENOMEM);
    backing_fail(&backing, BACKING_TRUNCATE, 0, 1, 2, 0);
    assert_fails(filelike_truncate(stream, 1), -1, EIO);
    backing_fail(&backing, BACKING_TRUNCATE, 0, 1, -1, 0);
    assert_fails(filelike_detach(stream, NULL), NULL, EIO);
    assert_text(stream, "0123");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* A view of content that is shorter than its size shows the bytes that are there. */
START_TEST(bytes_that_are_not_there)
{
    size_t size;
    FILE *stream = open_on("0123", "r+");
    backing_fail(&backing, BACKING_SIZE, 0, 1, 100, 0);
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, 4);
    ck_assert_str_eq(view, "0123");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(interrupted_operations_are_asked_again)
{
    enum { TIMES = 3 };
    FILE *stream = open_on("0123", "r+");
    for (int i = 0; i < BACKING_CLOSE; i++)
        backing_fail(&backing, (enum backing_operation) i, 0, TIMES, -1, EINTR);
    ck_assert_int_eq(filelike_size(stream), 4);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "45");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(filelike_truncate(stream, 5), 0);
    assert_text(stream, "01234");
    for (int i = 0; i < BACKING_CLOSE; i++)
        ck_assert_uint_eq(backing.faults[i].times, 0);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* ---- Closing -------------------------------------------------------------------------
 */

START_TEST(close_fails)
{
    FILE *stream = open_on("", "w");
    backing_fail(&backing, BACKING_CLOSE, 0, 1, -1, EDQUOT);
    write_text(stream, "x");
    assert_closes_with(stream, EDQUOT);
    assert_closed(0);

    stream = open_on("", "w");
    backing_fail(&backing, BACKING_CLOSE, 0, 1, -1, 0);
    assert_closes_with(stream, EIO);
    assert_closed(0);

    /* A close that fails with EINTR may be half done. It is not called again, and fclose
     * does not report EINTR. */
    stream = open_on("", "w");
    backing_fail(&backing, BACKING_CLOSE, 0, 1, -1, EINTR);
    assert_closes_with(stream, EIO);
    assert_closed(0);
}
END_TEST

START_TEST(lost_write_wins_over_close)
{
    FILE *stream = open_on("", "w");
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, ENOSPC);
    backing_fail(&backing, BACKING_CLOSE, 0, 1, -1, EDQUOT);
    write_text(stream, "x");
    assert_closes_with(stream, ENOSPC);
    assert_closed(ENOSPC);
}
END_TEST

START_TEST(nothing_to_close)
{
    struct filelike_operations operations = backing_operations;
    operations.close = NULL;
    FILE *stream = open_without(operations, "a");
    write_text(stream, "x");
    assert_closes(stream);
    stream = filelike_custom(&backing, &operations, "a", NULL);
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, ENOSPC);
    write_text(stream, "x");
    assert_closes_with(stream, ENOSPC);
    ck_assert_uint_eq(backing.calls[BACKING_CLOSE], 0);
    backing_finish(&backing);
}
END_TEST

START_TEST(discarded_stream_is_given_up)
{
    FILE *stream = open_on("", "w");
    write_text(stream, "x");
    ck_assert_int_eq(filelike_discard(stream), 0);
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, ENOSPC);
    backing_fail(&backing, BACKING_CLOSE, 0, 1, -1, EDQUOT);
    write_text(stream, "y");
    assert_closes(stream);
    assert_closed(ECANCELED);

    /* Also after a lost write. */
    stream = open_on("", "w");
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, ENOSPC);
    write_text(stream, "x");
    assert_fails(fflush(stream), EOF, ENOSPC);
    ck_assert_int_eq(filelike_discard(stream), 0);
    assert_closes(stream);
    assert_closed(ECANCELED);
}
END_TEST

START_TEST(failed_read_is_not_lost)
{
    FILE *stream = open_on("0123", "r+");
    backing_fail(&backing, BACKING_READ, 0, 1, -1, EIO);
    assert_fails(getc(stream), EOF, EIO);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* ---- Several streams -----------------------------------------------------------------
 */

START_TEST(last_of_several_closes)
{
    FILE *first = open_on("0123", "r+");
    FILE *second = filelike_reopen(first, "a");
    FILE *section = filelike_section(first, 1, 2);
    write_text(second, "45");
    assert_closes(second);
    assert_text(first, "012345");
    assert_closes(first);
    ck_assert_uint_eq(backing.calls[BACKING_CLOSE], 0);
    assert_text(section, "12");
    assert_closes(section);
    assert_closed(0);
}
END_TEST

/* The last stream to be closed reports the first lost write of all. */
START_TEST(last_of_several_tells)
{
    FILE *first = open_on("0123", "r+");
    FILE *second = filelike_reopen(first, "a");
    FILE *third = filelike_reopen(first, "r");
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, ENOSPC);
    write_text(second, "45");
    assert_fails(fflush(second), EOF, ENOSPC);
    backing_fail(&backing, BACKING_WRITE, 0, 1, -1, EDQUOT);
    write_text(first, "x");
    assert_fails(fflush(first), EOF, EDQUOT);
    assert_closes_with(first, EDQUOT);
    assert_closes_with(second, ENOSPC);
    assert_closes_with(third, ENOSPC);
    assert_closed(ENOSPC);
}
END_TEST

START_TEST(discarded_by_one_of_several)
{
    FILE *first = open_on("0123", "r+");
    FILE *second = filelike_reopen(first, "r+");
    ck_assert_int_eq(filelike_discard(first), 0);
    assert_closes(first);
    assert_closes(second);
    assert_closed(ECANCELED);
}
END_TEST

START_TEST(reopened_to_write_empties)
{
    FILE *first = open_on("0123", "r+");
    FILE *second = filelike_reopen(first, "w");
    assert_holds("");
    write_text(second, "x");
    assert_closes(second);
    assert_text(first, "x");
    backing_fail(&backing, BACKING_TRUNCATE, 0, 1, -1, EROFS);
    assert_fails(filelike_reopen(first, "w"), NULL, EROFS);
    assert_text(first, "x");
    ck_assert_uint_eq(backing.calls[BACKING_CLOSE], 0);
    assert_closes(first);
    assert_closed(0);
}
END_TEST

/* ---- All of the bytes ----------------------------------------------------------------
 */

START_TEST(views_stay_until_a_change)
{
    size_t size;
    FILE *stream = open_on("0123", "r+");
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, 4);
    ck_assert_str_eq(view, "0123");
    ck_assert_ptr_eq(filelike_view(stream, NULL), view);
    backing.bytes[0] = 'x';
    ck_assert_str_eq(filelike_view(stream, NULL), "x123");
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    view = filelike_view(stream, &size);
    ck_assert_str_eq(view, "");
    ck_assert_uint_eq(size, 0);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

/* Only the next use of the other stream tells the library that its bytes were written. */
START_TEST(views_stay_while_another_stream_goes_on)
{
    FILE *stream = open_on("0123", "r");
    FILE *writer = filelike_reopen(stream, "r+");
    ck_assert_str_eq(filelike_view(stream, NULL), "0123");
    ck_assert_int_eq(putc('x', writer), 'x');
    ck_assert_int_eq(fflush(writer), 0);
    const char *view = filelike_view(stream, NULL);
    ck_assert_str_eq(view, "x123");
    ck_assert_int_eq(fseeko(writer, 2, SEEK_SET), 0);
    ck_assert_str_eq(view, "x123");
    ck_assert_ptr_eq(filelike_view(stream, NULL), view);
    assert_closes(writer);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(view_written_to_its_own_stream)
{
    enum { SIZE = 10000 };
    static char bytes[SIZE];
    make_pattern(bytes, SIZE);
    backing_init(&backing, 0, bytes, SIZE);
    FILE *stream = filelike_custom(&backing, &backing_operations, "r+", NULL);
    /* Reads all at once, or in parts. */
    if (_i == 0)
        ck_assert_int_eq(setvbuf(stream, NULL, _IONBF, 0), 0);
    ck_assert_int_eq(fseeko(stream, 100, SEEK_SET), 0);
    const char *view = filelike_view(stream, NULL);
    ck_assert_uint_eq(fwrite(view, 1, SIZE, stream), SIZE);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(backing.size, SIZE + 100);
    ck_assert_mem_eq(backing.bytes, bytes, 100);
    ck_assert_mem_eq(backing.bytes + 100, bytes, SIZE);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(detach_empties)
{
    size_t size;
    FILE *stream = open_on("0123", "a+");
    char *bytes = filelike_detach(stream, &size);
    ck_assert_str_eq(bytes, "0123");
    ck_assert_uint_eq(size, 4);
    free(bytes);
    assert_holds("");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(persist_gives_a_snapshot)
{
    FILE *stream = open_on("0123", "a+");
    backing.random = 7;
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    write_text(stream, "45");
    assert_text(stream, "012345");
    ck_assert_str_eq(content("target"), "0123");
    backing_fail(&backing, BACKING_READ, 1, 1, -1, EBADMSG);
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOSYNC), -1, EBADMSG);
    ck_assert_str_eq(content("target"), "0123");
    ck_assert_str_eq(entries("."), "target");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(has_neither_descriptor_nor_path)
{
    FILE *stream = open_on("0123", "r+");
    assert_fails(filelike_fileno(stream), -1, ENOTSUP);
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    assert_fails(filelike_in_memory(stream), -1, ENOTSUP);
    assert_fails(filelike_keep(stream), -1, ENOTSUP);
    assert_fails(filelike_redirect(stdout, stream), -1, ENOTSUP);
    assert_text(stream, "0123");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(readers_change_nothing)
{
    FILE *stream = open_on("0123", "r");
    assert_fails(filelike_truncate(stream, 0), -1, EBADF);
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    assert_fails(putc('x', stream), EOF, REFUSED);
    assert_text(stream, "0123");
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

START_TEST(success_leaves_errno)
{
    FILE *stream = open_on("0123", "r+");
    backing.random = 3;
    backing_fail(&backing, BACKING_READ, 0, 1, -1, EINTR);
    errno = EXDEV;
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(fseeko(stream, 10, SEEK_SET), 0);
    ck_assert_int_eq(errno, EXDEV);
    write_text(stream, "x");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(filelike_size(stream), 11);
    ck_assert_ptr_nonnull(filelike_view(stream, NULL));
    ck_assert_int_eq(errno, EXDEV);
    ck_assert_int_eq(fclose(stream), 0);
    /* The thread sanitizer's fclose asks for a descriptor, in vain. */
    ck_assert(SANITIZED || errno == EXDEV);
    assert_closed(0);
}
END_TEST

/* ---- Threads and processes -----------------------------------------------------------
 */

static void use_streams(unsigned number, void *context)
{
    enum { ROUNDS = 300 };
    FILE *stream = filelike_reopen(context, number % 2 == 0 ? "a" : "r+");
    if (!CROWD_EXPECT(stream != NULL))
        return;
    for (int i = 0; i < ROUNDS; i++) {
        CROWD_EXPECT(putc('x', stream) == 'x');
        CROWD_EXPECT(fflush(stream) == 0);
        CROWD_EXPECT(filelike_size(stream) > 0);
        CROWD_EXPECT(filelike_view(stream, NULL) != NULL);
    }
    CROWD_EXPECT(fclose(stream) == 0);
}

START_TEST(operations_never_overlap)
{
    FILE *stream = open_on("", "w+");
    backing.random = 5;
    crowd_run(4, use_streams, stream);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

static FILE *second_stream;
static pthread_t second_thread;

static void *write_second(void *unused)
{
    (void) unused;
    (void) putc('b', second_stream);
    (void) fflush(second_stream);
    return NULL;
}

/* The process has one thread until its first write. That write starts a second thread,
 * whose own write has to wait. */
static ssize_t start_thread_and_write(
    void *context, const void *data, size_t size, int64_t position)
{
    enum { PAUSE = 50 * 1000 /* microseconds */ };
    static bool has_started;
    if (!has_started) {
        has_started = true;
        atomic_store(&backing.busy, true);
        ck_assert_int_eq(pthread_create(&second_thread, NULL, write_second, NULL), 0);
        (void) usleep(PAUSE);
        atomic_store(&backing.busy, false);
    }
    return backing_operations.write(context, data, size, position);
}

START_TEST(operation_starts_a_thread)
{
    struct filelike_operations operations = backing_operations;
    operations.write = start_thread_and_write;
    start_on("");
    FILE *stream = filelike_custom(&backing, &operations, "a", NULL);
    second_stream = filelike_reopen(stream, "a");
    ck_assert_ptr_nonnull(second_stream);
    ck_assert_int_eq(putc('a', stream), 'a');
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(pthread_join(second_thread, NULL), 0);
    assert_holds("ab");
    assert_closes(second_stream);
    assert_closes(stream);
    assert_closed(0);
}
END_TEST

static unsigned meetings[BACKING_OPERATIONS];

static int cancellation_state(void)
{
    int state;
    int ignored;
    ck_assert_int_eq(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state), 0);
    ck_assert_int_eq(pthread_setcancelstate(state, &ignored), 0);
    return state;
}

static ssize_t meet_without_cancellation(enum backing_operation operation, size_t size)
{
    meetings[operation]++;
    ck_assert_int_eq(cancellation_state(), PTHREAD_CANCEL_DISABLE);
    return (ssize_t) size;
}

START_TEST(operations_are_not_cancelled)
{
    start_on("abc");
    backing_meets = meet_without_cancellation;
    FILE *stream = filelike_custom(&backing, &backing_operations, "w+", NULL);
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_ge(fputs("some", stream), 0);
    rewind(stream);
    ck_assert_int_eq(getc(stream), 's');
    ck_assert_int_eq(cancellation_state(), PTHREAD_CANCEL_ENABLE);
    ck_assert_int_eq(filelike_truncate(stream, 1), 0);
    assert_closes(stream);
    ck_assert_int_eq(cancellation_state(), PTHREAD_CANCEL_ENABLE);
    backing_meets = NULL;
    assert_closed(0);
    for (size_t i = 0; i < BACKING_OPERATIONS; i++)
        ck_assert_uint_gt(meetings[i], 0);
}
END_TEST

static int exit_pending(void *context)
{
    return putc('x', context) == 'x' ? 0 : 1;
}

/* At exit what is pending is written, and close is not called. */
static int to_parent[2];

static ssize_t tell_write(void *context, const void *data, size_t size, int64_t position)
{
    (void) context;
    (void) position;
    return write(to_parent[1], data, size);
}

static int tell_close(void *context, int lost)
{
    (void) context;
    (void) lost;
    return write(to_parent[1], "close", 5) == 5 ? 0 : -1;
}

START_TEST(exit_writes_and_does_not_close)
{
    static const struct filelike_operations operations = {
        .write = tell_write, .close = tell_close};
    char said[16] = "";
    ck_assert_int_eq(pipe(to_parent), 0);
    FILE *stream = filelike_custom(NULL, &operations, "w", NULL);
    ck_assert_int_eq(in_child(exit_pending, stream), 0);
    ck_assert_int_eq(close(to_parent[1]), 0);
    ck_assert_int_eq(read(to_parent[0], said, sizeof said), 1);
    ck_assert_str_eq(said, "x");
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add_opening(Suite *suite)
{
    TCase *opening = suite_case(suite, "opening");
    tcase_add_test(opening, modes_mean_what_they_mean);
    tcase_add_test(opening, modes_need_their_operations);
    tcase_add_test(opening, refuses_what_is_not_allowed);
    tcase_add_test(opening, failed_truncation_opens_nothing);
    tcase_add_test(opening, operations_are_copied);
    tcase_add_test(opening, append_opens_without_a_size);
}

static void add_writing(Suite *suite)
{
    TCase *writing = suite_case(suite, "writing");
    tcase_add_test(writing, gaps_are_filled_through_write);
    tcase_add_test(writing, truncates_by_its_operation);
    tcase_add_test(writing, without_truncate_or_read);
    tcase_add_test(writing, limit_holds);
}

static void add_failures(Suite *suite)
{
    TCase *failures = suite_case(suite, "failures");
    tcase_add_test(failures, failed_write_stores_nothing);
    tcase_add_test(failures, failed_gap_stores_nothing);
    tcase_add_test(failures, what_others_wrote_stays);
    tcase_add_loop_test(failures, misbehaving_write_is_an_error, 0, COUNT(misbehaviour));
    tcase_add_test(failures, misbehaving_read_is_an_error);
    tcase_add_test(failures, size_and_truncate_misbehave);
    tcase_add_test(failures, bytes_that_are_not_there);
    tcase_add_test(failures, interrupted_operations_are_asked_again);
}

static void add_closing(Suite *suite)
{
    TCase *closing = suite_case(suite, "closing");
    tcase_add_test(closing, close_fails);
    tcase_add_test(closing, lost_write_wins_over_close);
    tcase_add_test(closing, nothing_to_close);
    tcase_add_test(closing, discarded_stream_is_given_up);
    tcase_add_test(closing, failed_read_is_not_lost);
    tcase_add_test(closing, last_of_several_closes);
    tcase_add_test(closing, last_of_several_tells);
    tcase_add_test(closing, discarded_by_one_of_several);
    tcase_add_test(closing, reopened_to_write_empties);
}

static void add_whole(Suite *suite)
{
    TCase *whole = suite_case(suite, "all of the bytes");
    tcase_add_checked_fixture(whole, scratch_enter, scratch_leave);
    tcase_add_test(whole, views_stay_until_a_change);
    tcase_add_test(whole, views_stay_while_another_stream_goes_on);
    tcase_add_loop_test(whole, view_written_to_its_own_stream, 0, 2);
    tcase_add_test(whole, detach_empties);
    tcase_add_test(whole, persist_gives_a_snapshot);
    tcase_add_test(whole, has_neither_descriptor_nor_path);
    tcase_add_test(whole, readers_change_nothing);
    tcase_add_test(whole, success_leaves_errno);
}

static void add_others(Suite *suite)
{
    TCase *others = suite_case(suite, "threads and processes");
    tcase_add_test(others, operations_never_overlap);
    tcase_add_test(others, operation_starts_a_thread);
    tcase_add_test(others, operations_are_not_cancelled);
    tcase_add_test(others, exit_writes_and_does_not_close);
}

int main(void)
{
    Suite *suite = suite_create("custom");
    add_opening(suite);
    add_writing(suite);
    add_failures(suite);
    add_closing(suite);
    add_whole(suite);
    add_others(suite);
    return suite_run(suite);
}
