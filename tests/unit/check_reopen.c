/* Several streams on the same bytes. */
#include <config.h>

#include "crowd.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "0123456789"

enum { LIMIT = 100 };

/* An atomic stream can be reopened only to read. */
static bool only_reads(const struct kind *kind)
{
    return kind_has(kind, KIND_PUBLISHES);
}

static FILE *reopened(FILE *stream, const char *mode)
{
    FILE *second = filelike_reopen(stream, mode);
    ck_assert_msg(second != NULL, "filelike_reopen: %s", strerror(errno));
    return second;
}

/* Writes SIZE bytes, and out. 0, or the errno. */
static int store_error(FILE *stream, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, stream) == size && fflush(stream) == 0 ? 0 : errno;
}

static void append_text(FILE *stream, const char *text)
{
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert_int_eq(store_error(stream, text, strlen(text)), 0);
}

/* ---- Positions -----------------------------------------------------------------------
 */

START_TEST(each_has_a_position_of_its_own)
{
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    ck_assert_int_eq(fseeko(stream, 3, SEEK_SET), 0);
    FILE *second = reopened(stream, "r");
    ck_assert_int_eq(ftello(second), 0);
    ck_assert_int_eq(ftello(stream), 3);
    ck_assert_int_eq(getc(stream), '3');
    ck_assert_int_eq(getc(second), '0');
    ck_assert_int_eq(fseeko(second, 8, SEEK_SET), 0);
    ck_assert_int_eq(ftello(stream), 4);
    assert_reads(stream, "456789");
    assert_reads(second, "89");
    assert_closes(second);
    rewind(stream);
    assert_reads(stream, TEXT);
    assert_closes(stream);
}
END_TEST

START_TEST(asking_for_the_descriptor_moves_no_other)
{
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(stream, "r");
    ck_assert_int_eq(fseeko(stream, 7, SEEK_SET), 0);
    ck_assert_int_eq(fseeko(second, 2, SEEK_SET), 0);
    ck_assert_int_eq(lseek(filelike_fileno(stream), 0, SEEK_CUR), 7);
    ck_assert_int_eq(lseek(filelike_fileno(second), 0, SEEK_CUR), 2);
    ck_assert_int_eq(fcntl(filelike_fileno(second), F_GETFD), FD_CLOEXEC);
    assert_reads(stream, "789");
    assert_reads(second, "23456789");
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

START_TEST(many_at_once)
{
    enum { COUNT_OPEN = 50 };
    FILE *streams[COUNT_OPEN] = {open_text(&kinds[_i], TEXT, "r+")};
    for (int i = 1; i < COUNT_OPEN; i++) {
        streams[i] = reopened(streams[i - 1], "r");
        ck_assert_int_eq(fseeko(streams[i], i % 10, SEEK_SET), 0);
    }
    for (int i = 1; i < COUNT_OPEN; i++) {
        ck_assert_int_eq(getc(streams[i]), '0' + i % 10);
        assert_closes(streams[i]);
    }
    assert_closes(streams[0]);
}
END_TEST

/* stdio writes large blocks to disk, even if the bytes moved there after the stream was
 * opened. */
static unsigned writes;

/* Check records each assertion, so there is one for all of them. */
static void put_many(FILE *stream, int count)
{
    int stored = 0;
    while (stored < count && putc('x', stream) == 'x')
        stored++;
    ck_assert_int_eq(stored, count);
}

static enum fault count_writes(enum fault_call call)
{
    writes += call == FAULT_PWRITE || call == FAULT_WRITE;
    return FAULT_NONE;
}

START_TEST(writes_are_as_large_as_those_of_the_first)
{
    enum { SIZE = 1 << 18, USUAL_BUFFER = 1 << 14, MEMORY = 1 << 12, MOST = 20 };
    struct filelike_options options = {.memory_limit = MEMORY};
    for (int i = 0; i < 2; i++) {
        FILE *first = filelike_spooled("w+", &options);
        FILE *second = reopened(first, "r+");
        faults.strike = count_writes;
        writes = 0;
        put_many(i == 0 ? first : second, SIZE);
        ck_assert_int_eq(fflush(NULL), 0);
        faults.strike = NULL;
        ck_assert_uint_le(writes, SIZE / USUAL_BUFFER + MOST);
        assert_closes(first);
        assert_closes(second);
    }
}
END_TEST

/* The caller's options hold for both streams. */
START_TEST(buffer_is_as_asked_for)
{
    struct filelike_options options = {.buffer_size = 3000};
    FILE *first = filelike_spooled("w+", &options);
    FILE *second = reopened(first, "r+");
    write_text(second, "x");
    ck_assert_uint_eq(__fbufsize(second), 3000);
    assert_closes(first);
    assert_closes(second);
}
END_TEST

/* ---- The life of the bytes -----------------------------------------------------------
 */

START_TEST(bytes_live_until_the_last_close)
{
    FILE *first = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(first, "r");
    assert_closes(first);
    assert_text(second, TEXT);
    FILE *third = reopened(second, "r");
    assert_reads(second, TEXT);
    assert_closes(second);
    assert_reads(third, TEXT);
    assert_text(third, TEXT);
    assert_closes(third);
}
END_TEST

START_TEST(bytes_can_be_changed_after_the_first_close)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *first = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(first, "r+");
    assert_closes(first);
    write_text(second, "ab");
    append_text(second, "cd");
    ck_assert_int_eq(filelike_truncate(second, 11), 0);
    assert_text(second, "ab23456789c");
    assert_closes(second);
}
END_TEST

/* A second stream sees the pending output of the first one. */
START_TEST(reopening_writes_out)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    write_text(stream, TEXT);
    FILE *second = reopened(stream, "r");
    assert_reads(second, TEXT);
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

START_TEST(reopening_fails_where_writing_out_does)
{
    const struct kind *kind = &kinds[_i];
    if (!kind_has(kind, KIND_OPTIONS) || kind->options.buffer_size != 0)
        return;
    char before[1 << 12];
    FILE *stream = open_limited(kind, "w+", strlen(TEXT));
    (void) snprintf(before, sizeof before, "%s", descriptors());
    write_text(stream, TEXT "x");
    assert_fails(filelike_reopen(stream, "r"), NULL, EFBIG);
    ck_assert_str_eq(descriptors(), before);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- Changes are seen by all ---------------------------------------------------------
 */

static void check_follows(FILE *reader, FILE *writer)
{
    assert_reads(reader, TEXT);
    append_text(writer, "ab");
    clearerr(reader);
    assert_reads(reader, "ab");
    ck_assert_int_eq(filelike_size(reader), 12);
    ck_assert_int_eq(filelike_truncate(writer, 3), 0);
    ck_assert_int_eq(filelike_size(reader), 3);
    clearerr(reader);
    ck_assert_int_eq(getc(reader), EOF);
    assert_text(reader, "012");
}

START_TEST(second_sees_what_the_first_does)
{
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(stream, "r");
    check_follows(second, stream);
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

START_TEST(first_sees_what_the_second_does)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(stream, NULL);
    check_follows(stream, second);
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

START_TEST(position_past_a_cut_leaves_a_gap)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(stream, "r+");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert_int_eq(filelike_truncate(second, 8), 0);
    ck_assert_int_eq(ftello(stream), 10);
    ck_assert_int_eq(store_error(stream, "x", 1), 0);
    assert_bytes(second, "01234567\0\0x", 11);
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

static void check_write_mode(const struct kind *kind, const char *mode)
{
    FILE *stream = open_text(kind, TEXT, "r+");
    FILE *reader = reopened(stream, "r");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    FILE *writer = reopened(stream, mode);
    assert_text(stream, "");
    assert_text(reader, "");
    ck_assert_int_eq(getc(reader), EOF);
    ck_assert_int_eq(ftello(writer), 0);
    ck_assert_int_eq(store_error(writer, "ab", 2), 0);
    assert_text(reader, "ab");
    ck_assert_int_eq(store_error(stream, "c", 1), 0);
    assert_bytes(reader, "ab\0\0c", 5);
    assert_closes(writer);
    assert_closes(stream);
    assert_closes(reader);
}

START_TEST(write_modes_truncate_for_all)
{
    static const char *const modes[] = {"w", "w+"};
    for (size_t i = 0; i < COUNT(modes) && !only_reads(&kinds[_i]); i++)
        check_write_mode(&kinds[_i], modes[i]);
}
END_TEST

START_TEST(detaching_takes_from_all)
{
    if (only_reads(&kinds[_i]))
        return;
    size_t size;
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *second = reopened(stream, "r+");
    char *bytes = filelike_detach(second, &size);
    ck_assert_str_eq(bytes, TEXT);
    ck_assert_uint_eq(size, strlen(TEXT));
    free(bytes);
    assert_text(stream, "");
    ck_assert_int_eq(getc(stream), EOF);
    append_text(second, "x");
    assert_text(stream, "x");
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

/* ---- Appending -----------------------------------------------------------------------
 */

static void take_turns(FILE *one, FILE *two)
{
    ck_assert_int_eq(store_error(one, "a", 1), 0);
    ck_assert_int_eq(store_error(two, "b", 1), 0);
    ck_assert_int_eq(store_error(two, "c", 1), 0);
    ck_assert_int_eq(store_error(one, "d", 1), 0);
    ck_assert_int_eq(ftello(one), 14);
    ck_assert_int_eq(fseeko(two, 0, SEEK_SET), 0);
    ck_assert_int_eq(store_error(two, "e", 1), 0);
    ck_assert_int_eq(ftello(two), 15);
}

START_TEST(append_modes_go_to_the_end)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *one = reopened(stream, "a");
    FILE *two = reopened(stream, "a+");
    ck_assert_int_eq(ftello(one), 10);
    ck_assert_int_eq(ftello(two), 0);
    take_turns(one, two);
    assert_text(stream, TEXT "abcde");
    assert_closes(one);
    assert_closes(two);
    assert_closes(stream);
}
END_TEST

START_TEST(append_beside_a_first_that_appends)
{
    static const char *const modes[] = {"a", "a+"};
    for (size_t i = 0; i < COUNT(modes) && !only_reads(&kinds[_i]); i++) {
        FILE *first = open_text(&kinds[_i], TEXT, modes[i]);
        if (first == NULL)
            continue;
        FILE *second = reopened(first, "a");
        take_turns(first, second);
        assert_text(second, TEXT "abcde");
        assert_closes(first);
        assert_closes(second);
    }
}
END_TEST

/* ---- Modes ---------------------------------------------------------------------------
 */

static void check_only_reads(FILE *stream)
{
    assert_fails(putc('x', stream), EOF, REFUSED);
    assert_fails(filelike_truncate(stream, 0), -1, EBADF);
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    clearerr(stream);
    assert_reads(stream, TEXT);
}

START_TEST(mode_is_the_streams_own)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *stream = open_text(&kinds[_i], TEXT, "r+");
    FILE *reader = reopened(stream, "r");
    FILE *writer = reopened(stream, "a");
    check_only_reads(reader);
    assert_fails(getc(writer), EOF, REFUSED);
    clearerr(writer);
    write_text(writer, "x");
    assert_closes(writer);
    assert_closes(reader);
    assert_text(stream, TEXT "x");
    assert_closes(stream);
}
END_TEST

/* A stream opened to read can be reopened to write, if the file may be written. */
START_TEST(mode_may_be_more_than_the_first_one)
{
    FILE *reader = open_text(&kinds[_i], TEXT, "r");
    if (reader == NULL)
        return;
    bool has_text = filelike_size(reader) > 0; /* an empty stream stays empty with "r" */
    FILE *writer = reopened(reader, "r+");
    if (has_text)
        ck_assert_int_eq(getc(writer), '0');
    append_text(writer, "x");
    assert_text(reader, has_text ? TEXT "x" : "x");
    assert_reads(reader, has_text ? TEXT "x" : "x");
    assert_closes(reader);
    assert_closes(writer);
}
END_TEST

START_TEST(mode_may_be_less_than_the_first_one)
{
    static const char *const modes[] = {"w", "a"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *writer = open_empty(&kinds[_i], modes[i]);
        if (writer == NULL)
            continue;
        FILE *reader = reopened(writer, "r");
        ck_assert_int_eq(store_error(writer, TEXT, strlen(TEXT)), 0);
        assert_reads(reader, TEXT);
        assert_closes(writer);
        assert_text(reader, TEXT);
        assert_closes(reader);
    }
}
END_TEST

static int reopen_what_may_only_be_read(void *context)
{
    (void) context;
    FILE *stream = fopen("read-only", "r");
    ck_assert_ptr_nonnull(stream);
    assert_fails(filelike_reopen(stream, "r+"), NULL, EACCES);
    assert_fails(filelike_reopen(stream, "w"), NULL, EACCES);
    FILE *second = reopened(stream, "r");
    check_only_reads(second);
    assert_closes(stream);
    assert_closes(second);
    return 0;
}

START_TEST(files_that_may_only_be_read)
{
    make_file("read-only", TEXT);
    ck_assert_int_eq(chmod("read-only", 0444), 0);
    ck_assert_int_eq(as_nobody(reopen_what_may_only_be_read, NULL), 0);
    ck_assert_str_eq(content("read-only"), TEXT);
}
END_TEST

START_TEST(atomic_streams_only_to_read)
{
    static const char *const modes[] = {"w", "a", "r+", "w+", "a+", NULL};
    FILE *stream = filelike_atomic("target", "w+", NULL);
    write_text(stream, TEXT);
    FILE *reader = reopened(stream, "r");
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_fails(filelike_reopen(stream, modes[i]), NULL, ENOTSUP);
        assert_fails(filelike_reopen(reader, modes[i]), NULL, ENOTSUP);
    }
    assert_closes(reader);
    ck_assert_ptr_null(content("target"));
    assert_closes(stream);
    ck_assert_str_eq(content("target"), TEXT);
}
END_TEST

/* The caller's bytes are not to be written to. */
START_TEST(bytes_in_place_stay_as_they_are)
{
    char data[] = TEXT;
    FILE *stream = filelike_bytes(data, strlen(data), "r", NULL);
    FILE *second = reopened(stream, "r+");
    ck_assert_int_eq(store_error(second, "ab", 2), 0);
    ck_assert_str_eq(data, TEXT);
    assert_text(stream, "ab23456789");
    ck_assert_int_eq(filelike_truncate(second, 3), 0);
    assert_reads(stream, "ab2");
    assert_closes(reopened(stream, "w"));
    assert_text(stream, "");
    assert_closes(second);
    assert_closes(stream);
    ck_assert_str_eq(data, TEXT);
}
END_TEST

START_TEST(bytes_in_place_can_be_detached)
{
    char data[] = TEXT "behind";
    FILE *stream = filelike_bytes(data, strlen(TEXT), "r", NULL);
    FILE *second = reopened(stream, "r+");
    char *bytes = filelike_detach(second, NULL);
    ck_assert_ptr_ne(bytes, data);
    ck_assert_str_eq(bytes, TEXT);
    assert_text(stream, "");
    free(bytes);
    assert_closes(second);
    assert_closes(stream);
    ck_assert_str_eq(data, TEXT "behind");
}
END_TEST

/* Without /proc a native stream can only duplicate its descriptor. The copy has the same
 * access, and cannot append. */
START_TEST(native_streams_without_proc)
{
    static const struct {
        const char *mode, *second;
        bool works;
    } rows[] = {
        {"r+", "r", true},
        {"r+", "r+", true},
        {"r", "r", true},
        {"r", "r+", false},
        {"r", "a", false},
        {"a", "a", false},
        {"a", "r", false},
        {"a+", "r+", false},
        {"w", "w", true},
        {"w", "r", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_file("file", TEXT);
        FILE *stream = fopen("file", rows[i].mode);
        faults.no_proc = true;
        errno = 0;
        FILE *second = filelike_reopen(stream, rows[i].second);
        ck_assert_msg((second != NULL) == rows[i].works, "row %zu", i);
        ck_assert(second != NULL || errno == ENOTSUP);
        faults.no_proc = false;
        if (second != NULL)
            assert_closes(second);
        assert_closes(stream);
        ck_assert_str_eq(content("file"), rows[i].mode[0] == 'w' ? "" : TEXT);
    }
}
END_TEST

/* ---- Shared by streams, or a stream's own --------------------------------------------
 */

static const char zeros[LIMIT + 1];

START_TEST(size_limit_belongs_to_the_bytes)
{
    if (!kind_has(&kinds[_i], KIND_OPTIONS) || only_reads(&kinds[_i]))
        return;
    FILE *stream = open_limited(&kinds[_i], "w+", LIMIT);
    FILE *second = reopened(stream, "a");
    FILE *third = reopened(second, "r+");
    ck_assert_int_eq(store_error(second, zeros, LIMIT), 0);
    assert_fails(filelike_truncate(third, LIMIT + 1), -1, EFBIG);
    ck_assert_int_eq(fseeko(third, LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(store_error(third, "x", 1), EFBIG);
    assert_closes(stream);
    ck_assert_int_eq(store_error(second, "x", 1), EFBIG);
    clearerr(second);
    ck_assert_int_eq(filelike_size(second), LIMIT);
    assert_closes_with(second, EFBIG);
    assert_closes_with(third, EFBIG);
}
END_TEST

START_TEST(losses_belong_to_the_stream)
{
    if (!kind_has(&kinds[_i], KIND_OPTIONS) || only_reads(&kinds[_i]))
        return;
    FILE *stream = open_limited(&kinds[_i], "w+", LIMIT);
    FILE *second = reopened(stream, "a");
    ck_assert_int_eq(store_error(second, zeros, LIMIT), 0);
    ck_assert_int_eq(store_error(second, "x", 1), EFBIG);
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert(!ferror(stream));
    FILE *third = reopened(second, "r");
    ck_assert_int_eq(filelike_error(third), 0);
    assert_closes_with(second, EFBIG);
    assert_closes(third);
    /* On a caller's operations, the last stream to be closed reports the errors of all.
     */
    if (kind_has(&kinds[_i], KIND_OPAQUE))
        assert_closes_with(stream, EFBIG);
    else
        assert_closes(stream);
}
END_TEST

START_TEST(budget_belongs_to_the_bytes)
{
    filelike_budget *budget = filelike_budget_new(LIMIT);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_memory("w+", &options);
    FILE *second = reopened(stream, "a");
    ck_assert_int_eq(store_error(second, zeros, LIMIT), 0);
    assert_closes(stream);
    ck_assert_uint_eq(filelike_budget_used(budget), LIMIT);
    ck_assert_int_eq(store_error(second, "x", 1), ENOMEM);
    FILE *third = reopened(second, "w+");
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(store_error(third, zeros, LIMIT), 0);
    assert_closes_with(second, ENOMEM);
    ck_assert_uint_eq(filelike_budget_used(budget), LIMIT);
    assert_closes(third);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}
END_TEST

/* ---- Streams whose bytes cannot be reached -------------------------------------------
 */

static void check_unreachable(FILE *stream)
{
    ck_assert_ptr_nonnull(stream);
    assert_fails(filelike_reopen(stream, "r"), NULL, ENOTSUP);
    assert_fails(filelike_reopen(stream, NULL), NULL, ENOTSUP);
    (void) fclose(stream);
}

static ssize_t read_nothing(void *cookie, char *buffer, size_t size)
{
    (void) cookie, (void) buffer, (void) size;
    return 0;
}

START_TEST(streams_that_cannot_be_reopened)
{
    char bytes[LIMIT] = "";
    char *written = NULL;
    size_t size;
    cookie_io_functions_t callbacks = {.read = read_nothing};
    int ends[2];
    FILE *ours = filelike_memory(NULL, NULL);
    ck_assert_int_eq(pipe(ends), 0);
    check_unreachable(fdopen(ends[0], "r"));
    check_unreachable(fdopen(ends[1], "w"));
    check_unreachable(fmemopen(bytes, sizeof bytes, "r+"));
    check_unreachable(open_memstream(&written, &size));
    check_unreachable(fopencookie(bytes, "r", callbacks));
    check_unreachable(fopen("/dev/null", "r+"));
    check_unreachable(fopen("/", "r"));
    free(written);
    ck_assert_int_eq(fclose(ours), 0);
}
END_TEST

/* ---- From two threads ----------------------------------------------------------------
 */

enum { RECORD = 32, RECORDS = 2000 };

static void make_record(char record[RECORD + 1], unsigned writer, unsigned number)
{
    char text[2 * RECORD];
    (void) snprintf(
        text, sizeof text, "writer %02u, record %07u .....\n", writer, number);
    memcpy(record, text, RECORD);
    record[RECORD] = '\0';
}

/* Flushes each record, so that it is one write. */
static void write_record(FILE *stream, unsigned writer, unsigned number)
{
    char record[RECORD + 1];
    make_record(record, writer, number);
    CROWD_EXPECT(fputs(record, stream) >= 0 && fflush(stream) == 0);
}

/* A small buffer cuts records into several writes. */
static bool takes_whole_records(const struct kind *kind)
{
    return kind->options.buffer_size == 0 || kind->options.buffer_size >= RECORD;
}

struct pair {
    const struct kind *kind;
    FILE *writer;
    FILE *reader;
};

static void write_records(FILE *stream)
{
    for (unsigned i = 0; i < RECORDS; i++)
        write_record(stream, 0, i);
}

/* Reads each byte as it arrives. End-of-file may appear only between records. On a native
 * stream the kernel may show a part of a write. */
static void follow_records(const struct pair *pair)
{
    bool whole = kind_has(pair->kind, KIND_WATCHED) && takes_whole_records(pair->kind);
    char record[RECORD + 1];
    for (unsigned i = 0; i < RECORDS * RECORD;) {
        make_record(record, 0, i / RECORD);
        int character = getc(pair->reader);
        if (character != EOF) {
            if (!CROWD_EXPECT(character == record[i % RECORD]))
                return;
            i++;
            continue;
        }
        if (!CROWD_EXPECT(!ferror(pair->reader)) ||
            !CROWD_EXPECT(!whole || i % RECORD == 0))
            return;
        clearerr(pair->reader);
        (void) sched_yield();
    }
}

static void write_or_follow(unsigned number, void *context)
{
    struct pair *pair = context;
    if (number == 0)
        write_records(pair->writer);
    else
        follow_records(pair);
}

START_TEST(reader_follows_a_writer)
{
    const struct kind *kind = &kinds[_i];
    FILE *writer = open_empty(kind, "w+");
    struct pair pair = {kind, writer, reopened(writer, "r")};
    crowd_run(2, write_or_follow, &pair);
    ck_assert_int_eq(getc(pair.reader), EOF);
    assert_closes(pair.writer);
    assert_closes(pair.reader);
}
END_TEST

static void append_records(unsigned number, void *context)
{
    FILE **appenders = context;
    for (unsigned i = 0; i < RECORDS; i++)
        write_record(appenders[number], number, i);
}

/* All records are there, and those of each writer are in order. */
static void check_appended(FILE *stream, unsigned writers)
{
    size_t size;
    unsigned next[CROWD_MOST] = {0};
    char record[RECORD + 1];
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, (size_t) writers * RECORDS * RECORD);
    for (size_t i = 0; i < size; i += RECORD) {
        unsigned writer = (unsigned) (view[i + 8] - '0');
        ck_assert_uint_lt(writer, writers);
        make_record(record, writer, next[writer]++);
        ck_assert_mem_eq(view + i, record, RECORD);
    }
}

START_TEST(appenders_lose_nothing)
{
    const struct kind *kind = &kinds[_i];
    if (only_reads(kind))
        return;
    FILE *stream = open_empty(kind, "w+");
    FILE *appenders[2] = {reopened(stream, "a"), reopened(stream, "a")};
    crowd_run(2, append_records, appenders);
    if (takes_whole_records(kind))
        check_appended(stream, 2);
    ck_assert_int_eq(filelike_size(stream), (int64_t) 2 * RECORDS * RECORD);
    assert_closes(appenders[0]);
    assert_closes(appenders[1]);
    assert_closes(stream);
}
END_TEST

/* A native stream appends by the kernel, its second stream by the library. */
START_TEST(appenders_beside_the_first_lose_nothing)
{
    const struct kind *kind = &kinds[_i];
    FILE *first = only_reads(kind) ? NULL : open_empty(kind, "a");
    if (first == NULL)
        return;
    FILE *appenders[2] = {first, reopened(first, "a")};
    crowd_run(2, append_records, appenders);
    if (takes_whole_records(kind))
        check_appended(first, 2);
    ck_assert_int_eq(filelike_size(first), (int64_t) 2 * RECORDS * RECORD);
    assert_closes(appenders[1]);
    assert_closes(first);
}
END_TEST

enum { REOPENERS = 4, REOPENINGS = 200 };

static void reopen_and_append(unsigned number, void *context)
{
    for (unsigned i = 0; i < REOPENINGS; i++) {
        FILE *second = filelike_reopen(context, "a");
        if (!CROWD_EXPECT(second != NULL))
            return;
        write_record(second, number, i);
        CROWD_EXPECT(fclose(second) == 0);
    }
}

START_TEST(threads_reopen_the_same_stream)
{
    if (only_reads(&kinds[_i]))
        return;
    FILE *stream = open_empty(&kinds[_i], "w+");
    crowd_run(REOPENERS, reopen_and_append, stream);
    ck_assert_int_eq(filelike_size(stream), (int64_t) REOPENERS * REOPENINGS * RECORD);
    assert_closes(stream);
}
END_TEST

/* fflush(NULL) holds the lock of stdio's list of streams while it waits for each stream.
 * A lock goes to the first thread that asks, so without a pause the other thread might
 * never get it. */
static void reopen_or_flush_all(unsigned number, void *context)
{
    while (number > 0 && crowd_goes_on()) {
        (void) fflush(NULL);
        (void) sched_yield();
    }
    for (int i = 0; number == 0 && i < 10000; i++) {
        FILE *second = filelike_reopen(context, "r+");
        if (CROWD_EXPECT(second != NULL))
            CROWD_EXPECT(putc('x', second) == 'x' && fclose(second) == 0);
    }
    crowd_end();
}

static void check_beside_flush_all(FILE *stream)
{
    crowd_run(2, reopen_or_flush_all, stream);
    assert_text(stream, "x");
    assert_closes(stream);
}

START_TEST(flushing_all_is_no_deadlock)
{
    check_beside_flush_all(filelike_memory(NULL, NULL));
    check_beside_flush_all(tmpfile());
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

/* A deadlock must fail the test, so do not wait long. */
enum { TIMEOUT_SECONDS = 120 };

static void add_over_kind(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(each_has_a_position_of_its_own);
    if (!kind_has(&kinds[kind], KIND_BOUND))
        ADD(asking_for_the_descriptor_moves_no_other);
    ADD(many_at_once);
    tcase_add_test(test_case, writes_are_as_large_as_those_of_the_first);
    tcase_add_test(test_case, buffer_is_as_asked_for);
    ADD(bytes_live_until_the_last_close);
    ADD(bytes_can_be_changed_after_the_first_close);
    ADD(reopening_writes_out);
    ADD(reopening_fails_where_writing_out_does);
    ADD(second_sees_what_the_first_does);
    ADD(first_sees_what_the_second_does);
    ADD(position_past_a_cut_leaves_a_gap);
    ADD(write_modes_truncate_for_all);
    ADD(detaching_takes_from_all);
    ADD(append_modes_go_to_the_end);
    ADD(append_beside_a_first_that_appends);
    ADD(mode_is_the_streams_own);
    ADD(mode_may_be_more_than_the_first_one);
    ADD(mode_may_be_less_than_the_first_one);
    ADD(size_limit_belongs_to_the_bytes);
    ADD(losses_belong_to_the_stream);
    ADD(reader_follows_a_writer);
    ADD(appenders_lose_nothing);
    ADD(appenders_beside_the_first_lose_nothing);
    ADD(threads_reopen_the_same_stream);
#undef ADD
}

static void add_others(TCase *test_case)
{
    tcase_set_timeout(test_case, TIMEOUT_SECONDS);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_test(test_case, files_that_may_only_be_read);
    tcase_add_test(test_case, atomic_streams_only_to_read);
    tcase_add_test(test_case, bytes_in_place_stay_as_they_are);
    tcase_add_test(test_case, bytes_in_place_can_be_detached);
    tcase_add_test(test_case, native_streams_without_proc);
    tcase_add_test(test_case, budget_belongs_to_the_bytes);
    tcase_add_test(test_case, streams_that_cannot_be_reopened);
    tcase_add_test(test_case, flushing_all_is_no_deadlock);
}

int main(void)
{
    Suite *suite = suite_create("reopen");
    suite_over_kinds(suite, add_over_kind);
    add_others(suite_case(suite, "others"));
    return suite_run(suite);
}
