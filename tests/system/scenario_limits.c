/* RLIMIT_FSIZE with its signal ignored. No file grows past the limit, the call that
 * would make it grow reports EFBIG, nothing is lost, and nothing is left behind. */
#include <config.h>

#include "expect.h"
#include "kinds.h"
#include "scratch.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LIMIT = 50000, /* bytes of a file */
    RECORD = 700,  /* no divisor of it */
    TOO_MANY = 200 /* records */
};

static char record[RECORD];

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

static void limit_files(void)
{
    struct rlimit limit;
    EXPECT(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = LIMIT;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

/* Writes one record after another, each with fflush. Returns how many were stored. */
static size_t store_records(FILE *stream)
{
    size_t count = 0;
    while (count < TOO_MANY && fwrite(record, 1, RECORD, stream) == RECORD &&
           fflush(stream) == 0)
        count++;
    return count;
}

static bool holds_records(FILE *stream, size_t count)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    bool same = view != NULL && held == count * RECORD;
    for (size_t i = 0; i < count && same; i++)
        same = memcmp(view + i * RECORD, record, RECORD) == 0;
    return same;
}

/* ---- A stream that would pass the limit ----------------------------------------------
 */

static int overflow(void *context)
{
    const struct kind *kind = context;
    FILE *stream = kind_open(kind, "w+", NULL);
    expect_failures = 0;
    limit_files();
    errno = 0;
    size_t count = store_records(stream);
    if (count == TOO_MANY) {
        EXPECT(kind_has(kind, KIND_OPAQUE) || filelike_in_memory(stream) == 1);
        EXPECT(holds_records(stream, count));
        EXPECT(fclose(stream) == 0);
        return expect_status();
    }
    EXPECT(errno == EFBIG);
    if (kind_has(kind, KIND_WATCHED)) {
        EXPECT(count == LIMIT / RECORD);
        /* A buffer smaller than a record stores it in several steps. */
        if (kind->options.buffer_size >= RECORD || kind->options.buffer_size == 0)
            EXPECT(holds_records(stream, count));
        EXPECT(filelike_size(stream) <= LIMIT);
        clearerr(stream);
        EXPECT(filelike_error(stream) == EFBIG);
        EXPECT_FAILS(fclose(stream), EOF, EFBIG);
    } else {
        (void) fclose(stream);
    }
    return expect_status();
}

/* The system takes a part of the last record. The library takes this part back. */
static int append(void *context)
{
    (void) context;
    expect_subject = "appending";
    FILE *stream = filelike_named("w", NULL);
    FILE *appending = filelike_reopen(stream, "a");
    EXPECT(store_records(appending) == LIMIT / RECORD);
    EXPECT(errno == EFBIG);
    EXPECT(holds_records(stream, LIMIT / RECORD));
    EXPECT_FAILS(fclose(appending), EOF, EFBIG);
    EXPECT(fclose(stream) == 0);
    return expect_status();
}

/* The bytes are pending in the C library, so only writing them can report the error. */
static int ask_native(void *context)
{
    (void) context;
    expect_subject = "the error of a native stream";
    FILE *stream = filelike_temporary("w", NULL);
    EXPECT(fseeko(stream, LIMIT, SEEK_SET) == 0 && putc('x', stream) == 'x');
    EXPECT(filelike_error(stream) == EFBIG);
    (void) fclose(stream);
    return expect_status();
}

/* ---- A file that has become shorter --------------------------------------------------
 */

enum { LONG = 90 * RECORD, SHORT = 1000, BEGIN = LIMIT - 100 }; /* bytes */

/* Writes a record at POSITION. Returns what fflush does. */
static int write_at(FILE *stream, int64_t position)
{
    EXPECT(fseeko(stream, position, SEEK_SET) == 0);
    EXPECT(fwrite(record, 1, RECORD, stream) == RECORD);
    return fflush(stream);
}

static FILE *open_long(void)
{
    FILE *stream = filelike_named("w+", NULL);
    for (size_t i = 0; i < LONG / RECORD; i++)
        EXPECT(fwrite(record, 1, RECORD, stream) == RECORD);
    EXPECT(fflush(stream) == 0);
    return stream;
}

static int shorten(FILE *stream)
{
    return filelike_truncate(stream, SHORT);
}

/* The library does not learn of it. */
static int shorten_by_descriptor(FILE *stream)
{
    return ftruncate(filelike_fileno(stream), SHORT);
}

struct shortening {
    const char *name;
    bool reopened;
    int (*shorten)(FILE *);
    int64_t size; /* after a write behind the end has failed */
};

static const struct shortening shortenings[] = {
    {"after a truncation", false, shorten, SHORT},
    {"reopened, after a truncation", true, shorten, SHORT},
    {"after ftruncate", false, shorten_by_descriptor, BEGIN},
};

/* The library has seen the file when it was long. */
static int fail_behind_the_end(void *context)
{
    const struct shortening *shortening = context;
    FILE *stream = open_long();
    FILE *writer = shortening->reopened ? filelike_reopen(stream, "r+") : stream;
    expect_failures = 0;
    EXPECT(write_at(writer, LONG - RECORD) == 0);
    EXPECT(shortening->shorten(stream) == 0);
    limit_files();
    EXPECT_FAILS(write_at(writer, BEGIN), EOF, EFBIG);
    EXPECT(filelike_size(stream) == shortening->size);
    EXPECT_FAILS(fclose(writer), EOF, EFBIG);
    EXPECT(writer == stream || fclose(stream) == 0);
    return expect_status();
}

static void run_over_shortenings(void)
{
    for (size_t i = 0; i < sizeof shortenings / sizeof *shortenings; i++) {
        struct shortening shortening = shortenings[i];
        expect_subject = shortening.name;
        EXPECT(in_child(fail_behind_the_end, &shortening) == EXIT_SUCCESS);
    }
}

/* ---- A target that would pass the limit ----------------------------------------------
 */

static int replace(void *context)
{
    (void) context;
    expect_subject = "atomic";
    FILE *stream = filelike_atomic("target", "w", NULL);
    EXPECT(store_records(stream) < TOO_MANY);
    clearerr(stream);
    rewind(stream);
    EXPECT(fputs("new", stream) >= 0);
    EXPECT_FAILS(fclose(stream), EOF, EFBIG);
    return expect_status();
}

static int persist(void *context)
{
    (void) context;
    expect_subject = "persist";
    FILE *stream = filelike_memory("w+", NULL);
    EXPECT(store_records(stream) == TOO_MANY);
    EXPECT_FAILS(filelike_persist(stream, "target", 0), -1, EFBIG);
    EXPECT(holds_records(stream, TOO_MANY));
    EXPECT(fclose(stream) == 0);
    return expect_status();
}

/* A move to disk that does not succeed leaves all of it in memory. */
static int move(void *context)
{
    struct filelike_options options = {.memory_limit = 100 * RECORD};
    (void) context;
    expect_subject = "spooled";
    FILE *stream = filelike_spooled("w+", &options);
    EXPECT(store_records(stream) == 100);
    EXPECT(errno == EFBIG);
    EXPECT(filelike_in_memory(stream) == 1);
    EXPECT_FAILS(filelike_rollover(stream), -1, EFBIG);
    EXPECT(holds_records(stream, 100));
    EXPECT_FAILS(fclose(stream), EOF, EFBIG);
    return expect_status();
}

static int with_limit(void *context)
{
    int (*const *body)(void *) = context;
    expect_failures = 0;
    limit_files();
    return (*body)(NULL);
}

/* ---- One after the other -------------------------------------------------------------
 */

static void run_over_kinds(void)
{
    for (size_t i = 0; i < kind_count; i++) {
        struct kind kind = kinds[i];
        if (kind_has(&kind, KIND_ONLY_READS))
            continue;
        expect_subject = kind.name;
        EXPECT(in_child(overflow, &kind) == EXIT_SUCCESS);
        EXPECT(is(entries("."), ""));
    }
}

static void run_on_target(int (*body)(void *))
{
    make_file("target", "old");
    EXPECT(in_child(with_limit, &body) == EXIT_SUCCESS);
    EXPECT(is(content("target"), "old"));
    EXPECT(is(entries("."), "target"));
}

int main(void)
{
    for (size_t i = 0; i < RECORD; i++)
        record[i] = (char) (i * i >> 3);
    scratch_enter();
    run_over_kinds();
    run_over_shortenings();
    run_on_target(replace);
    run_on_target(persist);
    run_on_target(move);
    run_on_target(append);
    run_on_target(ask_native);
    scratch_leave();
    return expect_status();
}
