/* Spooled streams: when they move to disk, that the move does not show, and what happens
 * if it fails. */
#include <config.h>

#include "bounds.h"
#include "mounts.h"
#include "resident.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "0123456789"

/* The limit of most streams here. It is more than they write. */
enum { LIMIT = 100 };

static FILE *open_spooled(const char *mode, const struct filelike_options *options)
{
    FILE *stream = filelike_spooled(mode, options);
    ck_assert_msg(stream != NULL, "filelike_spooled: %s", strerror(errno));
    return stream;
}

static FILE *spooled(const char *mode, size_t limit)
{
    struct filelike_options options = {.memory_limit = limit};
    return open_spooled(mode, &options);
}

static FILE *spooled_on_budget(size_t limit, filelike_budget *budget)
{
    struct filelike_options options = {.memory_limit = limit, .budget = budget};
    return open_spooled("w+", &options);
}

static FILE *spooled_text(const char *mode, const char *text)
{
    FILE *stream = spooled(mode, LIMIT);
    write_text(stream, text);
    ck_assert_int_eq(fflush(stream), 0);
    return stream;
}

/* Writes SIZE bytes, and out. 0, or the errno. */
static int store_error(FILE *stream, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, stream) == size && fflush(stream) == 0 ? 0 : errno;
}

static void finish(filelike_budget *budget)
{
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}

/* ---- The limit -----------------------------------------------------------------------
 */

static const size_t limits[] = {1, 2, 7, 100, 4096, 70000};

static void check_moves_past(FILE *stream, size_t limit)
{
    char *bytes = malloc(limit + 1);
    make_pattern(bytes, limit + 1);
    ck_assert_int_eq(store_error(stream, bytes, limit), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(store_error(stream, bytes + limit, 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    assert_bytes(stream, bytes, limit + 1);
    assert_closes(stream);
    free(bytes);
}

START_TEST(limit_can_be_reached_in_memory)
{
    check_moves_past(spooled("w+", limits[_i]), limits[_i]);
}
END_TEST

START_TEST(limit_is_a_mebibyte_by_default)
{
    check_moves_past(filelike_spooled(NULL, NULL), 1 << 20);
    check_moves_past(spooled("w+", 0), 1 << 20);
}
END_TEST

/* Memory never holds more than the limit, in whatever pieces the bytes come. */
static void check_memory_held(size_t limit, size_t piece)
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(limit, budget);
    char *bytes = malloc(piece);
    make_pattern(bytes, piece);
    for (size_t written = 0; written <= limit;) {
        ck_assert_int_eq(store_error(stream, bytes, piece), 0);
        written += piece;
        size_t held = filelike_budget_used(budget);
        ck_assert_uint_le(held, limit);
        ck_assert_uint_ge(held, written <= limit ? written : 0);
    }
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_closes(stream);
    finish(budget);
    free(bytes);
}

START_TEST(memory_never_passes_the_limit)
{
    static const size_t pieces[] = {1, 3, 64, 5000};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        if (limits[_i] / pieces[i] < 10000)
            check_memory_held(limits[_i], pieces[i]);
    }
}
END_TEST

START_TEST(truncation_past_the_limit_moves)
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(LIMIT, budget);
    ck_assert_int_eq(filelike_truncate(stream, LIMIT), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_uint_eq(filelike_budget_used(budget), LIMIT);
    ck_assert_int_eq(filelike_truncate(stream, LIMIT + 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(filelike_size(stream), LIMIT + 1);
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(gap_counts)
{
    FILE *stream = spooled("w+", LIMIT);
    ck_assert_int_eq(fseeko(stream, LIMIT - 1, SEEK_SET), 0);
    ck_assert_int_eq(store_error(stream, "x", 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(fseeko(stream, LIMIT, SEEK_SET), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(store_error(stream, "y", 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_int_eq(filelike_size(stream), LIMIT + 1);
    assert_closes(stream);
}
END_TEST

/* A tebibyte of zeros does not fit in memory, but in a sparse file. */
START_TEST(gap_is_not_allocated)
{
    bounds_allow_far_positions();
    const int64_t far = INT64_C(1) << 40;
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(0, budget);
    write_text(stream, TEXT);
    ck_assert_int_eq(fseeko(stream, far, SEEK_SET), 0);
    ck_assert_int_eq(store_error(stream, "x", 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_int_eq(filelike_size(stream), far + 1);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(fseeko(stream, far - 1, SEEK_SET), 0);
    ck_assert_int_eq(getc(stream), '\0');
    ck_assert_int_eq(getc(stream), 'x');
    rewind(stream);
    ck_assert_int_eq(getc(stream), '0');
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(never_is_never)
{
    enum { MUCH = 3 << 20 };
    char *bytes = malloc(MUCH);
    make_pattern(bytes, MUCH);
    FILE *stream = spooled("w+", FILELIKE_NEVER);
    ck_assert_int_eq(store_error(stream, bytes, MUCH), 0);
    ck_assert_int_eq(filelike_truncate(stream, 2 * MUCH), 0);
    ck_assert_int_eq(filelike_truncate(stream, MUCH), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    assert_bytes(stream, bytes, MUCH);
    assert_closes(stream);
    free(bytes);
}
END_TEST

START_TEST(never_is_within_the_budget)
{
    enum { BUDGET = 1000 };
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = spooled_on_budget(FILELIKE_NEVER, budget);
    ck_assert_int_eq(filelike_truncate(stream, BUDGET), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(filelike_truncate(stream, BUDGET + 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* Such a stream does not move even if there is no memory left. */
START_TEST(never_is_never_without_memory_either)
{
    enum { KEPT = 3 };
    int64_t too_much = sizeof(void *) == 8 ? INT64_C(1) << 60 : INT32_MAX;
    FILE *stream = spooled("w+", FILELIKE_NEVER);
    ck_assert_int_eq(store_error(stream, "abc", KEPT), 0);
    ck_assert_int_eq(filelike_truncate(stream, too_much), -1);
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_bytes(stream, "abc", KEPT);
    assert_closes(stream);
}
END_TEST

/* A write past size_limit fails. It must not move the stream. */
START_TEST(size_limit_within_the_memory_limit)
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    struct filelike_options options = {
        .memory_limit = 2 * LIMIT, .size_limit = LIMIT, .budget = budget};
    static const char zeros[LIMIT + 1];
    FILE *stream = open_spooled("w+", &options);
    ck_assert_int_eq(store_error(stream, zeros, LIMIT), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), LIMIT);
    ck_assert_int_eq(store_error(stream, zeros, 1), EFBIG);
    clearerr(stream);
    assert_fails(filelike_truncate(stream, LIMIT + 1), -1, EFBIG);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_bytes(stream, zeros, LIMIT);
    assert_closes_with(stream, EFBIG);
    finish(budget);
}
END_TEST

START_TEST(size_limit_past_the_memory_limit)
{
    struct filelike_options options = {.memory_limit = LIMIT, .size_limit = 2 * LIMIT};
    static const char zeros[2 * LIMIT + 1];
    FILE *stream = open_spooled("w+", &options);
    ck_assert_int_eq(store_error(stream, zeros, LIMIT), 0);
    ck_assert_int_eq(store_error(stream, zeros, LIMIT + 1), EFBIG);
    clearerr(stream);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_int_eq(store_error(stream, zeros, LIMIT), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_int_eq(store_error(stream, zeros, 1), EFBIG);
    clearerr(stream);
    assert_fails(filelike_truncate(stream, 2 * LIMIT + 1), -1, EFBIG);
    assert_bytes(stream, zeros, 2 * LIMIT);
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* ---- Rollover ------------------------------------------------------------------------
 */

static bool is_spooled(const struct kind *kind)
{
    return strncmp(kind->name, "spooled", strlen("spooled")) == 0;
}

START_TEST(rollover_of_each_kind)
{
    const struct kind *kind = &kinds[_i];
    if (kind_has(kind, KIND_BOUND))
        return;
    FILE *stream = open_text(kind, TEXT, "r+");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    bool stays = kind_has(kind, KIND_IN_MEMORY) && !is_spooled(kind);
    for (int i = 0; i < 2; i++) {
        if (stays)
            assert_fails(filelike_rollover(stream), -1, ENOTSUP);
        else
            ck_assert_int_eq(filelike_rollover(stream), 0);
        ck_assert_int_eq(filelike_in_memory(stream), stays);
        ck_assert_int_eq(ftello(stream), 4);
        assert_text(stream, TEXT);
    }
    assert_closes(stream);
}
END_TEST

START_TEST(rollover_of_nothing)
{
    FILE *stream = spooled("w+", LIMIT);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    assert_text(stream, "");
    write_text(stream, TEXT);
    assert_text(stream, TEXT);
    assert_closes(stream);
}
END_TEST

/* For its descriptor a memory stream with a budget goes to disk, too. */
START_TEST(rollover_of_what_is_on_disk_already)
{
    filelike_budget *budget = filelike_budget_new(LIMIT);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_memory("w+", &options);
    write_text(stream, TEXT);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    ck_assert_int_ge(filelike_fileno(stream), 0);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    assert_text(stream, TEXT);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* ---- Moving --------------------------------------------------------------------------
 */

struct way {
    const char *name;
    void (*move)(FILE *stream);
    bool is_position; /* flushes stdio, which drops a pushed-back character */
    bool is_change;   /* ends views, as the bytes change */
};

static void move_by_rollover(FILE *stream)
{
    ck_assert_int_eq(filelike_rollover(stream), 0);
}

static void move_by_descriptor(FILE *stream)
{
    ck_assert_int_ge(filelike_fileno(stream), 0);
}

static void move_by_path(FILE *stream)
{
    ck_assert_ptr_nonnull(filelike_path(stream));
}

/* Truncates to more and back, so the bytes are the same afterwards. */
static void move_by_truncation(FILE *stream)
{
    int64_t size = filelike_size(stream);
    ck_assert_int_eq(filelike_truncate(stream, LIMIT + 1), 0);
    ck_assert_int_eq(filelike_truncate(stream, size), 0);
}

static void move_by_other_stream(FILE *stream)
{
    static const char zeros[LIMIT + 1];
    int64_t size = filelike_size(stream);
    FILE *other = filelike_reopen(stream, "a");
    ck_assert_int_eq(store_error(other, zeros, sizeof zeros), 0);
    ck_assert_int_eq(filelike_truncate(other, size), 0);
    assert_closes(other);
}

static const struct way ways[] = {
    {"filelike_rollover", move_by_rollover, false, false},
    {"filelike_path", move_by_path, false, false},
    {"filelike_fileno", move_by_descriptor, true, false},
    {"filelike_truncate", move_by_truncation, true, true},
    {"another stream's write", move_by_other_stream, false, true},
};

static void move(FILE *stream, int way)
{
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ways[way].move(stream);
    ck_assert_msg(filelike_in_memory(stream) == 0, "not moved by %s", ways[way].name);
}

START_TEST(move_keeps_the_bytes)
{
    char bytes[LIMIT];
    make_pattern(bytes, sizeof bytes);
    FILE *stream = spooled("w+", LIMIT);
    ck_assert_int_eq(store_error(stream, bytes, sizeof bytes), 0);
    move(stream, _i);
    assert_bytes(stream, bytes, sizeof bytes);
    rewind(stream);
    for (size_t i = 0; i < sizeof bytes; i++)
        ck_assert_int_eq(getc(stream), (unsigned char) bytes[i]);
    ck_assert_int_eq(getc(stream), EOF);
    assert_closes(stream);
}
END_TEST

START_TEST(move_keeps_the_position)
{
    FILE *stream = spooled_text("w+", TEXT);
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    move(stream, _i);
    ck_assert_int_eq(ftello(stream), 4);
    ck_assert_int_eq(getc(stream), '4');
    ck_assert_int_eq(fseeko(stream, 1, SEEK_CUR), 0);
    write_text(stream, "xy");
    ck_assert_int_eq(ftello(stream), 8);
    assert_text(stream, "012345xy89");
    assert_closes(stream);
}
END_TEST

START_TEST(move_keeps_a_position_past_the_end)
{
    FILE *stream = spooled_text("w+", TEXT);
    ck_assert_int_eq(fseeko(stream, 12, SEEK_SET), 0);
    move(stream, _i);
    ck_assert_int_eq(ftello(stream), 12);
    write_text(stream, "x");
    assert_bytes(stream, TEXT "\0\0x", 13);
    assert_closes(stream);
}
END_TEST

START_TEST(move_between_reads)
{
    char line[16];
    FILE *stream = spooled_text("w+", "one\ntwo\nthree\nfour\n");
    rewind(stream);
    ck_assert_str_eq(fgets(line, sizeof line, stream), "one\n");
    ck_assert_str_eq(fgets(line, sizeof line, stream), "two\n");
    move(stream, _i);
    ck_assert_str_eq(fgets(line, sizeof line, stream), "three\n");
    assert_reads(stream, "four\n");
    assert_closes(stream);
}
END_TEST

START_TEST(move_between_writes)
{
    FILE *stream = spooled_text("w+", "stored,");
    write_text(stream, "pending,");
    move(stream, _i);
    ck_assert_int_eq(ftello(stream), 15);
    write_text(stream, "later");
    assert_text(stream, "stored,pending,later");
    assert_closes(stream);
}
END_TEST

START_TEST(move_keeps_pushed_back_characters)
{
    if (ways[_i].is_position)
        return;
    FILE *stream = spooled_text("w+", TEXT);
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    ck_assert_int_eq(getc(stream), '4');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    move(stream, _i);
    ck_assert_int_eq(ftello(stream), 4);
    ck_assert_int_eq(getc(stream), 'x');
    assert_reads(stream, "56789");
    assert_text(stream, TEXT);
    assert_closes(stream);
}
END_TEST

START_TEST(move_keeps_appending)
{
    FILE *stream = spooled_text("a+", TEXT);
    rewind(stream);
    move(stream, _i);
    ck_assert_int_eq(getc(stream), '0');
    rewind(stream);
    write_text(stream, "x");
    ck_assert_int_eq(ftello(stream), 11);
    rewind(stream);
    write_text(stream, "y");
    assert_text(stream, TEXT "xy");
    assert_closes(stream);
}
END_TEST

START_TEST(move_keeps_the_end_of_file_indicator)
{
    FILE *stream = spooled_text("w+", TEXT);
    rewind(stream);
    assert_reads(stream, TEXT);
    move(stream, _i);
    /* Truncation clears the indicator, in memory and on disk. */
    ck_assert_int_eq(feof(stream) != 0, ways[_i].move != move_by_truncation);
    assert_closes(stream);
}
END_TEST

static void check_others(FILE *reader, FILE *writer)
{
    ck_assert_int_eq(filelike_in_memory(reader), 0);
    ck_assert_int_eq(filelike_in_memory(writer), 0);
    ck_assert_int_eq(getc(reader), '3');
    write_text(writer, "b");
    ck_assert_int_eq(fflush(writer), 0);
    assert_reads(reader, "456789ab");
}

/* The reader has no read-ahead, so it reads all further bytes from disk. */
START_TEST(move_takes_other_streams_along)
{
    FILE *stream = spooled_text("w+", TEXT);
    FILE *reader = filelike_reopen(stream, "r");
    FILE *writer = filelike_reopen(stream, "a");
    ck_assert_int_eq(fseeko(reader, 3, SEEK_SET), 0);
    ck_assert_int_eq(fflush(reader), 0);
    write_text(writer, "a");
    move(stream, _i);
    check_others(reader, writer);
    assert_text(stream, TEXT "ab");
    assert_closes(stream);
    assert_closes(writer);
    rewind(reader);
    assert_reads(reader, TEXT "ab");
    assert_closes(reader);
}
END_TEST

START_TEST(move_shows_the_descriptor)
{
#if FILELIKE_GLIBC_INTERNALS
    FILE *stream = spooled_text("w+", TEXT);
    FILE *other = filelike_reopen(stream, "r");
    assert_fails(fileno(stream), -1, EBADF);
    assert_fails(fileno(other), -1, EBADF);
    move(stream, _i);
    struct stat one;
    struct stat two;
    ck_assert_int_eq(fstat(fileno(stream), &one), 0);
    assert_fails(fileno(other), -1, EBADF);
    ck_assert_int_ne(filelike_fileno(other), fileno(stream));
    ck_assert_int_eq(fstat(fileno(other), &two), 0);
    ck_assert_uint_eq(one.st_ino, two.st_ino);
    assert_closes(stream);
    assert_closes(other);
#else
    say_skipped("fileno", "built without glibc's internals");
#endif
}
END_TEST

START_TEST(move_gives_memory_back)
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(LIMIT, budget);
    write_text(stream, TEXT);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_ge(filelike_budget_used(budget), strlen(TEXT));
    move(stream, _i);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    write_text(stream, "x");
    ck_assert_int_eq(filelike_truncate(stream, 5), 0);
    assert_text(stream, "01234");
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* The limit takes each value, so that the move happens at each place within the writes.
 */
START_TEST(move_within_writes)
{
    static const size_t pieces[] = {1, 2, 3, 5, 8, 13, 21, 34, 55};
    enum { SIZE = 142 }; /* their sum */
    char bytes[SIZE];
    make_pattern(bytes, sizeof bytes);
    for (size_t limit = 1; limit < SIZE; limit++) {
        FILE *stream = spooled(_i == 0 ? "w+" : "a+", limit);
        size_t written = 0;
        for (size_t i = 0; i < COUNT(pieces); i++) {
            ck_assert_int_eq(ftello(stream), (int64_t) written);
            ck_assert_int_eq(store_error(stream, bytes + written, pieces[i]), 0);
            written += pieces[i];
            ck_assert_int_eq(filelike_in_memory(stream), written <= limit);
        }
        assert_bytes(stream, bytes, SIZE);
        assert_closes(stream);
    }
}
END_TEST

/* ---- Views from before the move ------------------------------------------------------
 */

static void end_by_write(FILE *stream)
{
    ck_assert_int_eq(store_error(stream, "x", 1), 0);
}

static void end_by_append(FILE *stream)
{
    FILE *other = filelike_reopen(stream, "a");
    ck_assert_int_eq(store_error(other, "x", 1), 0);
    assert_closes(other);
}

static void end_by_truncation(FILE *stream)
{
    ck_assert_int_eq(filelike_truncate(stream, 3), 0);
}

static void end_by_detaching(FILE *stream)
{
    char *bytes = filelike_detach(stream, NULL);
    ck_assert_str_eq(bytes, TEXT);
    free(bytes);
}

static void (*const enders[])(FILE *) = {
    end_by_write, end_by_append, end_by_truncation, end_by_detaching, NULL};

/* The memory of a view counts as long as the view is valid. */
static void check_view(const struct way *way, void (*end)(FILE *))
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(LIMIT, budget);
    write_text(stream, TEXT);
    const char *view = filelike_view(stream, NULL);
    size_t held = filelike_budget_used(budget);
    way->move(stream);
    ck_assert_str_eq(view, TEXT);
    ck_assert_uint_eq(filelike_budget_used(budget), held);
    rewind(stream);
    assert_reads(stream, TEXT);
    ck_assert_str_eq(filelike_view(stream, NULL), TEXT);
    ck_assert_str_eq(view, TEXT);
    if (end != NULL) {
        end(stream);
        ck_assert_uint_eq(filelike_budget_used(budget), 0);
    }
    assert_closes(stream);
    finish(budget);
}

START_TEST(view_outlives_the_move)
{
    for (size_t i = 0; i < COUNT(enders); i++) {
        if (!ways[_i].is_change)
            check_view(&ways[_i], enders[i]);
    }
}
END_TEST

START_TEST(view_that_has_ended_is_not_kept)
{
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(LIMIT, budget);
    write_text(stream, TEXT);
    ck_assert_str_eq(filelike_view(stream, NULL), TEXT);
    write_text(stream, "x");
    move(stream, _i);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_text(stream, TEXT "x");
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(view_of_another_stream_outlives_the_move)
{
    FILE *stream = spooled_text("w+", TEXT);
    FILE *other = filelike_reopen(stream, "r");
    const char *view = filelike_view(other, NULL);
    move_by_rollover(stream);
    ck_assert_str_eq(view, TEXT);
    assert_closes(stream);
    ck_assert_str_eq(view, TEXT);
    assert_closes(other);
}
END_TEST

/* ---- A move that fails ---------------------------------------------------------------
 */

/* Larger than Check's messages, which go to files, too, while files are limited. */
enum { LARGE = 1 << 18 };
#define DISK_OPTIONS "size=1M"

static char pattern[2 * LARGE];

struct trouble {
    const char *name;
    int error;
    void (*begin)(void);
    void (*end)(void);
    bool needs_disk;
};

static void remove_directory(void)
{
    ck_assert_int_eq(rmdir("place"), 0);
}

static void make_directory(void)
{
    ck_assert_int_eq(mkdir("place", 0700), 0);
}

static void allow_no_descriptors(void)
{
    allow_descriptors(0);
}

static void allow_all_descriptors(void)
{
    allow_descriptors(-1);
}

static void fill_disk(void)
{
    int descriptor = open("place/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ne(descriptor, -1);
    while (write(descriptor, pattern, sizeof pattern) > 0)
        continue;
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(close(descriptor), 0);
}

static void make_room(void)
{
    ck_assert_int_eq(unlink("place/filler"), 0);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The file takes the first half of the bytes, so the copy fails in the middle. */
static void limit_files_to_half(void)
{
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_files(LARGE / 2);
}

static void limit_files_no_more(void)
{
    limit_files(RLIM_INFINITY);
}

static const struct trouble troubles[] = {
    {"no directory", ENOENT, remove_directory, make_directory, false},
    {"no descriptor", EMFILE, allow_no_descriptors, allow_all_descriptors, false},
    {"full disk", ENOSPC, fill_disk, make_room, true},
    {"limit of files", EFBIG, limit_files_to_half, limit_files_no_more, false},
};

static bool is_possible(const struct trouble *trouble)
{
    make_directory();
    if (!trouble->needs_disk || (mounts_begin() && mount_memory("place", DISK_OPTIONS)))
        return true;
    say_skipped("spooled streams on a full disk", strerror(errno));
    return false;
}

static void leave(const struct trouble *trouble)
{
    ck_assert_str_eq(entries("place"), "");
    if (trouble->needs_disk)
        ck_assert_int_eq(umount("place"), 0);
}

/* A stream that holds as much in memory as its limit allows. */
static FILE *open_at_the_limit(filelike_budget *budget)
{
    struct filelike_options options = {
        .dir = "place", .memory_limit = LARGE, .budget = budget};
    make_pattern(pattern, sizeof pattern);
    FILE *stream = open_spooled("w+", &options);
    ck_assert_int_eq(store_error(stream, pattern, LARGE), 0);
    return stream;
}

static void assert_in_memory(FILE *stream)
{
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_bytes(stream, pattern, LARGE);
}

static void assert_can_be_read(FILE *stream)
{
    rewind(stream);
    for (size_t i = 0; i < LARGE; i++) {
        if (getc(stream) != (unsigned char) pattern[i])
            ck_abort_msg("byte %zu is wrong", i);
    }
    ck_assert_int_eq(getc(stream), EOF);
}

START_TEST(failed_move_fails_the_write)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    trouble->begin();
    int error = store_error(stream, pattern + LARGE, LIMIT);
    bool indicated = ferror(stream);
    trouble->end();
    ck_assert_int_eq(error, trouble->error);
    ck_assert(indicated);
    ck_assert_int_eq(filelike_error(stream), trouble->error);
    assert_in_memory(stream);
    assert_can_be_read(stream);
    assert_closes_with(stream, trouble->error);
    leave(trouble);
}
END_TEST

START_TEST(writing_goes_on_when_there_is_room_again)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    trouble->begin();
    int error = store_error(stream, "lost", 4);
    trouble->end();
    ck_assert_int_eq(error, trouble->error);
    clearerr(stream);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert_int_eq(store_error(stream, pattern + LARGE, LIMIT), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_int_eq(store_error(stream, pattern + LARGE + LIMIT, LIMIT), 0);
    assert_bytes(stream, pattern, LARGE + 2 * LIMIT);
    ck_assert_int_eq(filelike_error(stream), trouble->error);
    assert_closes_with(stream, trouble->error);
    leave(trouble);
}
END_TEST

/* Writes that replace bytes in memory need no room. */
START_TEST(writing_in_place_goes_on_without_room)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    trouble->begin();
    int first = store_error(stream, "lost", 4);
    clearerr(stream);
    rewind(stream);
    int in_place = store_error(stream, "kept", 4);
    (void) fseeko(stream, 0, SEEK_END);
    int second = store_error(stream, "lost", 4);
    trouble->end();
    ck_assert_int_eq(first, trouble->error);
    ck_assert_int_eq(in_place, 0);
    ck_assert_int_eq(second, trouble->error);
    memcpy(pattern, "kept", 4);
    assert_in_memory(stream);
    assert_closes_with(stream, trouble->error);
    leave(trouble);
}
END_TEST

/* No bytes are lost, so filelike_error reports nothing. */
START_TEST(failed_move_without_a_write)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    ck_assert_int_eq(fseeko(stream, 10, SEEK_SET), 0);
    int errors[4] = {0};
    trouble->begin();
    errors[0] = filelike_rollover(stream) == -1 ? errno : 0;
    errors[1] = filelike_fileno(stream) == -1 ? errno : 0;
    errors[2] = filelike_path(stream) == NULL ? errno : 0;
    errors[3] = filelike_truncate(stream, LARGE + 1) == -1 ? errno : 0;
    trouble->end();
    for (size_t i = 0; i < COUNT(errors); i++)
        ck_assert_int_eq(errors[i], trouble->error);
    ck_assert_int_eq(ftello(stream), 10);
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert(!ferror(stream));
    assert_in_memory(stream);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    assert_bytes(stream, pattern, LARGE);
    assert_closes(stream);
    leave(trouble);
}
END_TEST

START_TEST(failed_move_leaves_nothing_behind)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = open_at_the_limit(budget);
    size_t held = filelike_budget_used(budget);
    char before[1 << 12];
    (void) snprintf(before, sizeof before, "%s", descriptors());
    trouble->begin();
    int error = store_error(stream, "lost", 4);
    trouble->end();
    ck_assert_int_eq(error, trouble->error);
    ck_assert_str_eq(descriptors(), before);
    ck_assert_str_eq(entries("place"), "");
    ck_assert_uint_eq(filelike_budget_used(budget), held);
    assert_closes_with(stream, trouble->error);
    finish(budget);
    leave(trouble);
}
END_TEST

START_TEST(failed_move_is_the_writers_loss_alone)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    FILE *other = filelike_reopen(stream, "a");
    trouble->begin();
    int error = store_error(other, "lost", 4);
    trouble->end();
    ck_assert_int_eq(error, trouble->error);
    assert_closes_with(other, trouble->error);
    ck_assert_int_eq(store_error(stream, pattern + LARGE, LIMIT), 0);
    assert_bytes(stream, pattern, LARGE + LIMIT);
    assert_closes(stream);
    leave(trouble);
}
END_TEST

START_TEST(failed_move_spares_what_memory_can_do)
{
    const struct trouble *trouble = &troubles[_i];
    if (!is_possible(trouble))
        return;
    FILE *stream = open_at_the_limit(NULL);
    size_t size = 0;
    trouble->begin();
    int error = filelike_rollover(stream) == -1 ? errno : 0;
    char *bytes = filelike_detach(stream, &size);
    int again = store_error(stream, pattern, LARGE);
    trouble->end();
    ck_assert_int_eq(error, trouble->error);
    ck_assert_uint_eq(size, LARGE);
    ck_assert_mem_eq(bytes, pattern, LARGE);
    ck_assert_int_eq(again, 0);
    assert_in_memory(stream);
    assert_closes(stream);
    free(bytes);
    leave(trouble);
}
END_TEST

/* ---- Memory --------------------------------------------------------------------------
 */

enum { MUCH = 64 << 20, LITTLE = 8 << 20 };

static bool is_measurable(void)
{
    const char *reason = resident_unknown();
    if (reason != NULL)
        say_skipped("memory of a spooled stream that moves", reason);
    return reason == NULL;
}

static void write_much(FILE *stream)
{
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < MUCH / sizeof block; i++)
        ck_assert_uint_eq(fwrite(block, 1, sizeof block, stream), sizeof block);
    ck_assert_int_eq(fflush(stream), 0);
}

START_TEST(move_makes_no_second_copy)
{
    if (!is_measurable())
        return;
    FILE *stream = spooled("w+", MUCH);
    write_much(stream);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    int64_t before = resident_bytes();
    resident_forget_peak();
    ck_assert_int_eq(filelike_rollover(stream), 0);
    ck_assert_int_le(resident_peak(), before + LITTLE);
    ck_assert_int_le(resident_bytes(), before - (MUCH - LITTLE));
    ck_assert_int_eq(filelike_size(stream), MUCH);
    assert_closes(stream);
}
END_TEST

START_TEST(large_write_goes_straight_to_disk)
{
    char *block = calloc(1, MUCH);
    memset(block, 'x', MUCH);
    filelike_budget *budget = filelike_budget_new(SIZE_MAX);
    FILE *stream = spooled_on_budget(MUCH - 1, budget);
    bool measurable = is_measurable();
    int64_t before = resident_bytes();
    resident_forget_peak();
    ck_assert_int_eq(store_error(stream, block, MUCH), 0);
    if (measurable)
        ck_assert_int_le(resident_peak(), before + LITTLE);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    assert_bytes(stream, block, MUCH);
    assert_closes(stream);
    finish(budget);
    free(block);
}
END_TEST

START_TEST(view_on_disk_takes_no_memory)
{
    if (!is_measurable())
        return;
    FILE *stream = spooled("w+", LIMIT);
    write_much(stream);
    int64_t before = resident_bytes();
    resident_forget_peak();
    size_t size;
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, MUCH);
    ck_assert_int_eq(view[0], 'x');
    ck_assert_int_eq(view[MUCH - 1], 'x');
    ck_assert_int_eq(view[MUCH], '\0');
    ck_assert_int_le(resident_peak(), before + LITTLE);
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add_limits(TCase *test_case)
{
    tcase_add_loop_test(test_case, limit_can_be_reached_in_memory, 0, COUNT(limits));
    tcase_add_loop_test(test_case, memory_never_passes_the_limit, 0, COUNT(limits));
    tcase_add_test(test_case, limit_is_a_mebibyte_by_default);
    tcase_add_test(test_case, truncation_past_the_limit_moves);
    tcase_add_test(test_case, gap_counts);
    tcase_add_test(test_case, gap_is_not_allocated);
    tcase_add_test(test_case, never_is_never);
    tcase_add_test(test_case, never_is_within_the_budget);
    tcase_add_test(test_case, never_is_never_without_memory_either);
    tcase_add_test(test_case, size_limit_within_the_memory_limit);
    tcase_add_test(test_case, size_limit_past_the_memory_limit);
    tcase_add_loop_test(test_case, rollover_of_each_kind, 0, (int) kind_count);
    tcase_add_test(test_case, rollover_of_nothing);
    tcase_add_test(test_case, rollover_of_what_is_on_disk_already);
}

static void add_moves(TCase *test_case)
{
    const int count = COUNT(ways);
    tcase_add_loop_test(test_case, move_keeps_the_bytes, 0, count);
    tcase_add_loop_test(test_case, move_keeps_the_position, 0, count);
    tcase_add_loop_test(test_case, move_keeps_a_position_past_the_end, 0, count);
    tcase_add_loop_test(test_case, move_between_reads, 0, count);
    tcase_add_loop_test(test_case, move_between_writes, 0, count);
    tcase_add_loop_test(test_case, move_keeps_pushed_back_characters, 0, count);
    tcase_add_loop_test(test_case, move_keeps_appending, 0, count);
    tcase_add_loop_test(test_case, move_keeps_the_end_of_file_indicator, 0, count);
    tcase_add_loop_test(test_case, move_takes_other_streams_along, 0, count);
    tcase_add_loop_test(test_case, move_shows_the_descriptor, 0, count);
    tcase_add_loop_test(test_case, move_gives_memory_back, 0, count);
    tcase_add_loop_test(test_case, move_within_writes, 0, 2);
    tcase_add_loop_test(test_case, view_outlives_the_move, 0, count);
    tcase_add_loop_test(test_case, view_that_has_ended_is_not_kept, 0, count);
    tcase_add_test(test_case, view_of_another_stream_outlives_the_move);
}

static void add_failures(TCase *test_case)
{
    const int count = COUNT(troubles);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_loop_test(test_case, failed_move_fails_the_write, 0, count);
    tcase_add_loop_test(test_case, writing_goes_on_when_there_is_room_again, 0, count);
    tcase_add_loop_test(test_case, writing_in_place_goes_on_without_room, 0, count);
    tcase_add_loop_test(test_case, failed_move_without_a_write, 0, count);
    tcase_add_loop_test(test_case, failed_move_leaves_nothing_behind, 0, count);
    tcase_add_loop_test(test_case, failed_move_is_the_writers_loss_alone, 0, count);
    tcase_add_loop_test(test_case, failed_move_spares_what_memory_can_do, 0, count);
}

static void add_memory(TCase *test_case)
{
    tcase_add_test(test_case, move_makes_no_second_copy);
    tcase_add_test(test_case, large_write_goes_straight_to_disk);
    tcase_add_test(test_case, view_on_disk_takes_no_memory);
}

int main(void)
{
    Suite *suite = suite_create("spooled");
    add_limits(suite_case(suite, "limits"));
    add_moves(suite_case(suite, "moves"));
    add_failures(suite_case(suite, "failures"));
    add_memory(suite_case(suite, "memory"));
    return suite_run(suite);
}
