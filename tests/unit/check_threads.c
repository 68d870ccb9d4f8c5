/* One stream used by many threads, as any FILE * may be. Check runs each test in a
 * process of its own. So a stream that is opened before crowd_run was opened while the
 * process had one thread, and did not need to lock. */
#include <config.h>

#include "crowd.h"
#include "suite.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* No buffer holds a whole number of records. */
enum { THREADS = 4, CALLERS = 2, RECORDS = 300, ALL = THREADS * RECORDS, RECORD = 37 };

/* The records of each thread lie together. */
static char records[ALL][RECORD];

/* How often each record has been found. */
static atomic_uint found[ALL];

static void make_records(void)
{
    char text[2 * RECORD];
    for (unsigned i = 0; i < ALL; i++) {
        (void) snprintf(
            text, sizeof text, "%07u is a record and ends with it %07u\n", i, i);
        memcpy(records[i], text, RECORD);
        records[i][RECORD - 1] = '\n';
        atomic_store(&found[i], 0);
    }
}

/* The number of the record with these bytes; ALL if there is none. */
static unsigned number_of(const char *bytes)
{
    char text[RECORD + 1] = "";
    memcpy(text, bytes, RECORD);
    unsigned long number = strtoul(text, NULL, 10);
    bool is_whole = number < ALL && memcmp(bytes, records[number], RECORD) == 0;
    return is_whole ? (unsigned) number : ALL;
}

/* Each record is there once and whole, and those of each thread are in order. Check
 * records each assertion, so there are few. */
static void check_written(FILE *stream)
{
    size_t size;
    unsigned next[THREADS] = {0};
    unsigned right = 0;
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, sizeof records);
    for (size_t i = 0; i < size; i += RECORD) {
        unsigned number = number_of(view + i);
        right += number < ALL && number % RECORDS == next[number / RECORDS]++;
    }
    ck_assert_uint_eq(right, ALL);
}

/* ---- Writing -------------------------------------------------------------------------
 */

typedef bool put_record(FILE *stream, const char *record);
typedef bool get_record(FILE *stream, char *record);

struct job {
    FILE *stream;
    const struct kind *kind; /* to open the stream, if it is NULL */
    put_record *put[2];      /* of the threads with even and odd numbers */
    get_record *get[2];
};

static bool put_whole(FILE *stream, const char *record)
{
    return fwrite(record, RECORD, 1, stream) == 1;
}

static bool put_by_characters(FILE *stream, const char *record)
{
    bool is_put = true;
    flockfile(stream);
    for (int i = 0; i < RECORD; i++)
        is_put = is_put && putc_unlocked(record[i], stream) != EOF;
    funlockfile(stream);
    return is_put;
}

static void write_records(unsigned number, void *context)
{
    const struct job *job = context;
    for (unsigned i = 0; i < RECORDS; i++)
        CROWD_EXPECT(job->put[number % 2](job->stream, records[number * RECORDS + i]));
}

static void check_writers(const struct kind *kind, put_record *even, put_record *odd)
{
    struct job job = {.stream = open_empty(kind, "w+"), .put = {even, odd}};
    /* The call locks the stream. It must restore the stream's state. */
    ck_assert_int_eq(filelike_size(job.stream), 0);
    crowd_run(THREADS, write_records, &job);
    check_written(job.stream);
    assert_closes(job.stream);
}

START_TEST(writes_whole_records)
{
    check_writers(&kinds[_i], put_whole, put_whole);
}
END_TEST

START_TEST(writes_by_characters)
{
    check_writers(&kinds[_i], put_by_characters, put_by_characters);
}
END_TEST

START_TEST(writes_both_ways)
{
    check_writers(&kinds[_i], put_whole, put_by_characters);
}
END_TEST

static void open_and_write_records(unsigned number, void *context)
{
    struct job *job = context;
    if (number == 0)
        job->stream = kind_open(job->kind, "w+", NULL);
    crowd_meet();
    if (CROWD_EXPECT(job->stream != NULL))
        write_records(number, job);
}

START_TEST(writes_to_what_a_thread_has_opened)
{
    struct job job = {.kind = &kinds[_i], .put = {put_whole, put_whole}};
    crowd_run(THREADS, open_and_write_records, &job);
    check_written(job.stream);
    assert_closes(job.stream);
}
END_TEST

/* ---- Reading -------------------------------------------------------------------------
 */

static bool get_whole(FILE *stream, char *record)
{
    return fread(record, RECORD, 1, stream) == 1;
}

static bool get_by_characters(FILE *stream, char *record)
{
    int character = 0;
    flockfile(stream);
    for (int i = 0; i < RECORD && character != EOF; i++) {
        character = getc_unlocked(stream);
        record[i] = (char) character;
    }
    funlockfile(stream);
    return character != EOF;
}

static void read_records(unsigned number, void *context)
{
    const struct job *job = context;
    char record[RECORD];
    while (job->get[number % 2](job->stream, record)) {
        unsigned which = number_of(record);
        if (!CROWD_EXPECT(which < ALL))
            return;
        (void) atomic_fetch_add(&found[which], 1);
    }
    CROWD_EXPECT(!ferror(job->stream));
}

static void check_readers(const struct kind *kind, get_record *even, get_record *odd)
{
    FILE *stream = kind_open_on(kind, records, sizeof records, "r+", NULL);
    struct job job = {.stream = stream, .get = {even, odd}};
    ck_assert_int_eq(filelike_size(stream), (int64_t) sizeof records);
    crowd_run(THREADS, read_records, &job);
    unsigned once = 0;
    for (unsigned i = 0; i < ALL; i++)
        once += atomic_load(&found[i]) == 1;
    ck_assert_uint_eq(once, ALL);
    assert_closes(stream);
}

START_TEST(reads_whole_records)
{
    check_readers(&kinds[_i], get_whole, get_whole);
}
END_TEST

START_TEST(reads_by_characters)
{
    check_readers(&kinds[_i], get_by_characters, get_by_characters);
}
END_TEST

START_TEST(reads_both_ways)
{
    check_readers(&kinds[_i], get_whole, get_by_characters);
}
END_TEST

/* ---- Single characters ---------------------------------------------------------------
 *
 * For which glibc locks only where the stream needs it. Each thread has a letter. */

enum { LETTERS = 5000 };

static void put_letters(unsigned number, void *context)
{
    const struct job *job = context;
    int letter = 'a' + (int) number;
    for (int i = 0; i < LETTERS; i++)
        CROWD_EXPECT(putc(letter, job->stream) == letter);
}

static void open_and_put_letters(unsigned number, void *context)
{
    struct job *job = context;
    if (number == 0)
        job->stream = kind_open(job->kind, "w+", NULL);
    crowd_meet();
    if (CROWD_EXPECT(job->stream != NULL))
        put_letters(number, job);
}

static void put_letters_or_ask(unsigned number, void *context)
{
    struct job *job = context;
    if (number > 0)
        put_letters(number, job);
    for (int i = 0; number == 0 && i < LETTERS; i++) {
        CROWD_EXPECT(putc('a', job->stream) == 'a');
        if (i % 100 == 0)
            CROWD_EXPECT(filelike_size(job->stream) > i);
    }
}

static void check_letters(FILE *stream)
{
    size_t size;
    unsigned counts[THREADS] = {0};
    const char *view = filelike_view(stream, &size);
    ck_assert_uint_eq(size, (size_t) THREADS * LETTERS);
    for (size_t i = 0; i < size; i++) {
        if (view[i] >= 'a' && view[i] < 'a' + THREADS)
            counts[view[i] - 'a']++;
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_uint_eq(counts[i], LETTERS);
    assert_closes(stream);
}

START_TEST(puts_letters)
{
    struct job job = {.stream = open_empty(&kinds[_i], "w+")};
    crowd_run(THREADS, put_letters, &job);
    check_letters(job.stream);
}
END_TEST

START_TEST(puts_letters_to_what_a_thread_has_opened)
{
    struct job job = {.kind = &kinds[_i]};
    crowd_run(THREADS, open_and_put_letters, &job);
    check_letters(job.stream);
}
END_TEST

/* The library's lock changes for all threads whether glibc locks the stream. */
START_TEST(puts_letters_beside_a_call)
{
    struct job job = {.stream = open_empty(&kinds[_i], "w+")};
    crowd_run(THREADS, put_letters_or_ask, &job);
    check_letters(job.stream);
}
END_TEST

static void count_letters(unsigned number, void *context)
{
    const struct job *job = context;
    while (getc(job->stream) != EOF)
        (void) atomic_fetch_add(&found[number], 1);
}

START_TEST(gets_letters)
{
    unsigned sum = 0;
    struct job job = {
        .stream = kind_open_on(&kinds[_i], records, sizeof records, "r+", NULL)};
    crowd_run(THREADS, count_letters, &job);
    for (int i = 0; i < THREADS; i++)
        sum += atomic_load(&found[i]);
    ck_assert_uint_eq(sum, sizeof records);
    assert_closes(job.stream);
}
END_TEST

/* ---- The library's calls meanwhile ---------------------------------------------------
 *
 * Each comes between two records, never within one. */

static void ask_size(FILE *stream)
{
    int64_t size = filelike_size(stream);
    CROWD_EXPECT(size >= 0 && size % RECORD == 0);
}

static void ask_error(FILE *stream)
{
    CROWD_EXPECT(filelike_error(stream) == 0);
}

static void ask_where(FILE *stream)
{
    CROWD_EXPECT(filelike_in_memory(stream) != -1 || errno == ENOTSUP);
    CROWD_EXPECT(ftello(stream) % RECORD == 0);
}

/* A view is valid until the next write, so the lock has to keep writers waiting. */
static void look_at_last(FILE *stream)
{
    size_t size;
    flockfile(stream);
    const char *view = filelike_view(stream, &size);
    if (CROWD_EXPECT(view != NULL && size % RECORD == 0) && size > 0)
        CROWD_EXPECT(number_of(view + size - RECORD) < ALL);
    funlockfile(stream);
}

static void reopen_and_read(FILE *stream)
{
    char record[RECORD];
    FILE *second = filelike_reopen(stream, "r");
    if (!CROWD_EXPECT(second != NULL))
        return;
    if (get_whole(second, record))
        CROWD_EXPECT(number_of(record) < ALL);
    CROWD_EXPECT(fclose(second) == 0);
}

/* A spooled stream moves to disk while the other threads use it. */
static void move_to_disk(FILE *stream)
{
    CROWD_EXPECT(filelike_rollover(stream) == 0 || errno == ENOTSUP);
}

static void ask_for_descriptor(FILE *stream)
{
    CROWD_EXPECT(filelike_fileno(stream) != -1 || errno == ENOTSUP);
}

static void (*const calls[])(FILE *stream) = {ask_size, ask_error, ask_where,
    look_at_last, reopen_and_read, move_to_disk, ask_for_descriptor};

/* Flushes half of a record while the stream is locked. A thread that ignores the lock
 * then has time to get in between. */
static bool put_in_halves(FILE *stream, const char *record)
{
    enum { HALF = RECORD / 2 };
    const struct timespec moment = {0, 1};
    flockfile(stream);
    bool is_put = fwrite(record, HALF, 1, stream) == 1 && fflush(stream) == 0;
    (void) nanosleep(&moment, NULL);
    is_put = is_put && fwrite(record + HALF, RECORD - HALF, 1, stream) == 1;
    funlockfile(stream);
    return is_put;
}

/* One thread only asks for the size, as most of the other calls also wait in stdio. */
static void call(unsigned number, FILE *stream)
{
    for (unsigned i = 0; crowd_goes_on(); i++) {
        if (number == THREADS)
            ask_size(stream);
        else
            calls[i % COUNT(calls)](stream);
    }
}

static void write_or_call(unsigned number, void *context)
{
    const struct job *job = context;
    if (number >= THREADS) {
        call(number, job->stream);
        return;
    }
    write_records(number, context);
    if (job->put[number % 2] == put_in_halves)
        crowd_end();
}

START_TEST(calls_come_between_writes)
{
    struct job job = {
        .stream = open_empty(&kinds[_i], "w+"), .put = {put_whole, put_in_halves}};
    crowd_run(THREADS + CALLERS, write_or_call, &job);
    check_written(job.stream);
    assert_closes(job.stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

/* FILELIKE_UNLOCKED streams allow only one thread at a time. */
static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    if (kinds[kind].options.flags & FILELIKE_UNLOCKED)
        return;
    tcase_add_checked_fixture(test_case, make_records, NULL);
    ADD(writes_whole_records);
    ADD(writes_by_characters);
    ADD(writes_both_ways);
    ADD(writes_to_what_a_thread_has_opened);
    ADD(reads_whole_records);
    ADD(reads_by_characters);
    ADD(reads_both_ways);
    ADD(puts_letters);
    ADD(puts_letters_to_what_a_thread_has_opened);
    ADD(puts_letters_beside_a_call);
    ADD(gets_letters);
    ADD(calls_come_between_writes);
#undef ADD
}

int main(void)
{
    Suite *suite = suite_create("threads");
    suite_over_kinds(suite, add);
    return suite_run(suite);
}
