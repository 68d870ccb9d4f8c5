/* Very many streams at once: 100 000 in memory, with their cost, and 10 000 spooled ones
 * within a budget of a few MiB, with and without descriptors for the streams that move
 * to disk. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "resident.h"
#include "scratch.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

/* ---- In memory -----------------------------------------------------------------------
 */

enum { MANY = 100000, MOST_BYTES_EACH = 2048 };

static FILE *many[MANY];

static void open_many(void)
{
    for (size_t i = 0; i < MANY; i++) {
        many[i] = filelike_memory("w+", NULL);
        if (!EXPECT(many[i] != NULL))
            exit(expect_status());
    }
}

static void measure_many(void)
{
    const char *reason = resident_unknown();
    int64_t before = resident_bytes();
    open_many();
    if (reason != NULL) {
        say_skipped("the memory of an empty stream", reason);
        return;
    }
    int64_t each = (resident_bytes() - before) / MANY;
    (void) printf(
        "an empty stream: %" PRId64 " bytes, of %d allowed\n", each, MOST_BYTES_EACH);
    EXPECT(each <= MOST_BYTES_EACH);
}

static void use_many(void)
{
    for (size_t i = 0; i < MANY; i++)
        EXPECT(fprintf(many[i], "stream %zu\n", i) > 0);
    for (size_t i = 0; i < MANY; i++) {
        size_t number = MANY;
        rewind(many[i]);
        EXPECT(fscanf(many[i], "stream %zu", &number) == 1 && number == i);
    }
}

/* The newest stream is closed first: glibc's fclose walks its list from the newest
 * stream to the one that it closes. */
static void close_many(void)
{
    for (size_t i = MANY; i-- > 0;)
        EXPECT(fclose(many[i]) == 0);
}

static void many_in_memory(void)
{
    expect_subject = "100 000 streams in memory";
    measure_many();
    use_many();
    close_many();
}

/* ---- Spooled -------------------------------------------------------------------------
 */

enum {
    SPOOLED = 10000,
    BUDGET = 8 << 20,
    PIECE = 500,
    PIECES = 2,
    SPARE_DESCRIPTORS = 100,
    FEW_DESCRIPTORS = 200
};

struct upload {
    FILE *stream;
    size_t stored; /* bytes that fflush has stored */
    bool lost;
};

static struct upload uploads[SPOOLED];
static filelike_budget *budget;

static bool allow_descriptors_for_all(void)
{
    struct rlimit limit;
    const rlim_t needed = SPOOLED + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if (limit.rlim_max < needed)
        limit.rlim_max = needed; /* root may */
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* Another in each place of each stream. */
static char byte_at(const struct upload *upload, size_t position)
{
    return (char) ('a' + ((size_t) (upload - uploads) + position) % 23);
}

static void open_uploads(void)
{
    struct filelike_options options = {.budget = budget, .memory_limit = PIECE * PIECES};
    for (size_t i = 0; i < SPOOLED; i++) {
        uploads[i] = (struct upload){.stream = filelike_spooled("a+", &options)};
        if (!EXPECT(uploads[i].stream != NULL))
            exit(expect_status());
    }
}

/* Only a lack of descriptors may prevent storing. */
static bool store_piece(struct upload *upload)
{
    char piece[PIECE];
    for (size_t i = 0; i < PIECE; i++)
        piece[i] = byte_at(upload, upload->stored + i);
    clearerr(upload->stream);
    bool stored =
        fwrite(piece, 1, PIECE, upload->stream) == PIECE && fflush(upload->stream) == 0;
    EXPECT(stored || errno == EMFILE);
    EXPECT(filelike_budget_used(budget) <= BUDGET);
    upload->stored += stored ? PIECE : 0;
    upload->lost |= !stored;
    return stored;
}

static size_t store_pieces(void)
{
    size_t stored = 0;
    for (size_t i = 0; i < SPOOLED; i++)
        stored += store_piece(&uploads[i]);
    return stored;
}

static size_t store_lost_pieces(void)
{
    size_t stored = 0;
    for (size_t i = 0; i < SPOOLED; i++) {
        if (uploads[i].lost)
            stored += store_piece(&uploads[i]);
    }
    return stored;
}

static size_t count_on_disk(void)
{
    size_t count = 0;
    for (size_t i = 0; i < SPOOLED; i++)
        count += filelike_in_memory(uploads[i].stream) == 0;
    return count;
}

static void check_bytes(const struct upload *upload)
{
    size_t position = 0;
    int character;
    clearerr(upload->stream);
    EXPECT(filelike_size(upload->stream) == (int64_t) upload->stored);
    EXPECT(fseeko(upload->stream, 0, SEEK_SET) == 0);
    while ((character = getc(upload->stream)) == byte_at(upload, position))
        position++;
    EXPECT(character == EOF && position == upload->stored);
}

/* The newest first, see above. */
static void check_and_close_uploads(void)
{
    for (size_t i = SPOOLED; i-- > 0;) {
        struct upload *upload = &uploads[i];
        check_bytes(upload);
        EXPECT(filelike_error(upload->stream) == (upload->lost ? EMFILE : 0));
        errno = 0;
        EXPECT(fclose(upload->stream) == (upload->lost ? EOF : 0));
        EXPECT(errno == (upload->lost ? EMFILE : 0));
    }
    EXPECT(filelike_budget_used(budget) == 0);
}

static int spool_with_descriptors(void *context)
{
    (void) context;
    expect_subject = "10 000 spooled streams, descriptors for all";
    if (!allow_descriptors_for_all()) {
        say_skipped(expect_subject, "the limit of descriptors cannot be raised");
        return EXIT_SUCCESS;
    }
    open_uploads();
    for (int i = 0; i < PIECES; i++)
        EXPECT(store_pieces() == SPOOLED);
    (void) printf("%s: %zu on disk\n", expect_subject, count_on_disk());
    EXPECT(count_on_disk() >= SPOOLED - BUDGET / (PIECE * PIECES));
    check_and_close_uploads();
    return expect_status();
}

/* Bytes that could not move to disk are whole in memory. The stream goes on when others
 * have been closed. */
static int spool_without_descriptors(void *context)
{
    (void) context;
    expect_subject = "10 000 spooled streams, few descriptors";
    allow_descriptors(FEW_DESCRIPTORS);
    open_uploads();
    size_t stored = store_pieces() + store_pieces();
    (void) printf("%s: %zu on disk, %zu of %d pieces stored\n", expect_subject,
        count_on_disk(), stored, PIECES * SPOOLED);
    EXPECT(count_on_disk() > 0 && count_on_disk() <= FEW_DESCRIPTORS);
    EXPECT(stored >= BUDGET / PIECE && stored < (size_t) PIECES * SPOOLED);
    allow_descriptors(-1);
    EXPECT(store_lost_pieces() > FEW_DESCRIPTORS);
    check_and_close_uploads();
    return expect_status();
}

/* Each scenario runs in a process of its own, because limits stay. A failure of the
 * setup is no failure of the scenario. */
static void many_spooled(int (*body)(void *))
{
    int failures_before = expect_failures;
    expect_failures = 0;
    budget = filelike_budget_new(BUDGET);
    (void) fflush(stdout);
    EXPECT(in_child(body, NULL) == EXIT_SUCCESS);
    filelike_budget_free(budget);
    expect_failures += failures_before;
}

/* ---- All ------------------------------------------------------------------------------
 */

int main(void)
{
    scratch_enter();
    many_in_memory();
    expect_subject = "spooled streams";
    many_spooled(spool_with_descriptors);
    many_spooled(spool_without_descriptors);
    scratch_leave();
    return expect_status();
}
