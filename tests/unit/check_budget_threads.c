/* One budget and many threads: the total never exceeds it, and returns to 0. */
#include <config.h>

#include "crowd.h"
#include "sanitized.h"
#include "suite.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 8, BUDGET = 100000, PIECE = 2000 };

static filelike_budget *budget;

static void begin(void)
{
    budget = filelike_budget_new(BUDGET);
    ck_assert_ptr_nonnull(budget);
}

static void finish(void)
{
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}

/* ---- Bytes that tell where they belong -----------------------------------------------
 */

static char byte_at(size_t position)
{
    return (char) ('a' + position % 23);
}

static void make_bytes(char *bytes, size_t size, size_t start)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(start + i);
}

/* Appends SIZE bytes; false if the budget refused them. */
static bool append(FILE *stream, size_t size)
{
    char piece[PIECE];
    make_bytes(piece, size, (size_t) filelike_size(stream));
    return fwrite(piece, 1, size, stream) == size && fflush(stream) == 0;
}

static bool has_its_bytes(FILE *stream)
{
    size_t size;
    const char *view = filelike_view(stream, &size);
    if (view == NULL)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (view[i] != byte_at(i))
            return false;
    }
    return true;
}

/* ---- Streams that come and go --------------------------------------------------------
 */

enum { LIVES = 200, LIVES_IN_VALGRIND = 10, MOST = BUDGET / 4 };

static FILE *open_adopted(const struct filelike_options *options, size_t size)
{
    char *block = malloc(size + 1);
    make_bytes(block, size, 0);
    FILE *stream = filelike_adopt(block, size, "a+", options);
    if (stream == NULL)
        free(block);
    return stream;
}

static FILE *open_copied(const struct filelike_options *options, size_t size)
{
    char bytes[PIECE];
    make_bytes(bytes, size, 0);
    return filelike_bytes(bytes, size, "a+", options);
}

/* Opens a stream of any kind; NULL if the budget refused it. */
static FILE *open_one(unsigned *state, bool *stays)
{
    struct filelike_options options = {
        .budget = budget, .memory_limit = 1 + crowd_draw(state, MOST)};
    unsigned kind = crowd_draw(state, 8);
    *stays = kind < 3;
    switch (kind) {
    case 0:
        return open_adopted(&options, crowd_draw(state, PIECE));
    case 1:
        return open_copied(&options, crowd_draw(state, PIECE));
    case 2:
        return filelike_memory("a+", &options);
    default:
        return filelike_spooled("a+", &options);
    }
}

/* Sometimes gives memory back to the budget. */
static void give_back(FILE *stream, unsigned *state)
{
    int64_t size = filelike_size(stream);
    switch (crowd_draw(state, 12)) {
    case 0:
        free(filelike_detach(stream, NULL));
        break;
    case 1:
        CROWD_EXPECT(filelike_truncate(stream, size / 2) == 0);
        break;
    case 2:
        (void) filelike_rollover(stream);
        break;
    default:
        break;
    }
}

/* The budget may refuse only streams that have to stay in memory. */
static void live(unsigned *state)
{
    bool stays;
    FILE *stream = open_one(state, &stays);
    if (stream == NULL) {
        CROWD_EXPECT(stays && errno == ENOMEM);
        return;
    }
    unsigned pieces = crowd_draw(state, 20);
    bool lost = false;
    for (unsigned i = 0; i < pieces && !lost; i++) {
        lost = !append(stream, crowd_draw(state, PIECE));
        CROWD_EXPECT(!lost || (stays && errno == ENOMEM));
        clearerr(stream);
        give_back(stream, state);
    }
    CROWD_EXPECT(has_its_bytes(stream));
    CROWD_EXPECT(fclose(stream) == (lost ? EOF : 0));
}

static atomic_uint ended;

static void live_or_watch(unsigned number, void *context)
{
    unsigned state = 2463534242u + number;
    int lives = runs_in_valgrind() ? LIVES_IN_VALGRIND : LIVES;
    (void) context;
    if (number == THREADS) {
        while (crowd_goes_on())
            CROWD_EXPECT(filelike_budget_used(budget) <= BUDGET);
        return;
    }
    for (int i = 0; i < lives; i++)
        live(&state);
    if (atomic_fetch_add(&ended, 1) + 1 == THREADS)
        crowd_end();
}

/* Leaves less than one stream can ask for, in whatever order the threads run. */
static FILE *take_most_of_it(void)
{
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_memory("w+", &options);
    ck_assert_int_eq(filelike_truncate(stream, BUDGET - MOST / 2), 0);
    return stream;
}

START_TEST(total_never_passes_the_budget)
{
    atomic_store(&ended, 0);
    FILE *base = _i == 0 ? NULL : take_most_of_it();
    crowd_run(THREADS + 1, live_or_watch, NULL);
    if (base != NULL)
        assert_closes(base);
}
END_TEST

/* ---- One byte, wanted by all, all the time --------------------------------------------
 */

enum { ONE = 1, TURNS = 60000, TURNS_IN_VALGRIND = 2000 };

struct quarrel {
    filelike_budget *budget;
    int turns;
    atomic_uint holders; /* of a byte */
};

static void take_and_give(unsigned number, void *context)
{
    struct quarrel *quarrel = context;
    struct filelike_options options = {.budget = quarrel->budget};
    FILE *stream = filelike_memory("w", &options);
    (void) number;
    CROWD_EXPECT(stream != NULL);
    for (int turn = 0; turn < quarrel->turns; turn++) {
        if (filelike_truncate(stream, 1) == 0) {
            CROWD_EXPECT(atomic_fetch_add(&quarrel->holders, 1) < ONE);
            CROWD_EXPECT(filelike_budget_used(quarrel->budget) <= ONE);
            (void) atomic_fetch_sub(&quarrel->holders, 1);
            CROWD_EXPECT(filelike_truncate(stream, 0) == 0);
        }
    }
    CROWD_EXPECT(fclose(stream) == 0);
}

START_TEST(no_more_have_it_than_there_is)
{
    struct quarrel quarrel = {
        .budget = filelike_budget_new(ONE),
        .turns = runs_in_valgrind() ? TURNS_IN_VALGRIND : TURNS,
    };
    crowd_run(THREADS, take_and_give, &quarrel);
    ck_assert_uint_eq(filelike_budget_used(quarrel.budget), 0);
    filelike_budget_free(quarrel.budget);
}
END_TEST

/* ---- The count matches the memory -----------------------------------------------------
 */

enum { HELD = 8, ROUNDS = 30 };

static FILE *held[THREADS][HELD];

static void close_held(FILE **stream)
{
    if (*stream != NULL)
        CROWD_EXPECT(fclose(*stream) == 0);
    *stream = NULL;
}

static void change(FILE **stream, unsigned *state)
{
    struct filelike_options options = {.budget = budget, .memory_limit = MOST};
    if (*stream == NULL)
        *stream = filelike_spooled("a+", &options);
    CROWD_EXPECT(append(*stream, crowd_draw(state, PIECE)));
    if (crowd_draw(state, 4) == 0)
        close_held(stream);
}

static size_t bytes_in_memory(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < THREADS * HELD; i++) {
        FILE *stream = held[i / HELD][i % HELD];
        if (stream != NULL && filelike_in_memory(stream) == 1)
            sum += (size_t) filelike_size(stream);
    }
    return sum;
}

static void check_total(void)
{
    size_t used = filelike_budget_used(budget);
    CROWD_EXPECT(bytes_in_memory() <= used);
    CROWD_EXPECT(used <= BUDGET);
}

static void change_or_count(unsigned number, void *context)
{
    unsigned state = 1 + number;
    (void) context;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; number < THREADS && i < HELD; i++)
            change(&held[number][i], &state);
        crowd_meet();
        if (number == THREADS)
            check_total();
        crowd_meet();
    }
    for (size_t i = 0; number < THREADS && i < HELD; i++)
        close_held(&held[number][i]);
}

START_TEST(total_covers_the_bytes_in_memory)
{
    crowd_run(THREADS + 1, change_or_count, NULL);
}
END_TEST

/* ---- To the last byte ----------------------------------------------------------------
 */

static atomic_size_t stored;

/* Takes byte after byte until nothing is left for any thread. */
static void fill_until_refused(unsigned number, void *context)
{
    struct filelike_options options = {.budget = budget, .buffer_size = 1};
    FILE *stream = filelike_memory("w", &options);
    (void) number, (void) context;
    if (!CROWD_EXPECT(stream != NULL))
        return;
    while (putc('x', stream) != EOF && fflush(stream) == 0)
        (void) atomic_fetch_add(&stored, 1);
    CROWD_EXPECT(filelike_error(stream) == ENOMEM);
    crowd_meet();
    CROWD_EXPECT(filelike_budget_used(budget) == BUDGET);
    crowd_meet();
    CROWD_EXPECT(fclose(stream) == EOF && errno == ENOMEM);
}

START_TEST(no_byte_is_left_over)
{
    atomic_store(&stored, 0);
    crowd_run(THREADS, fill_until_refused, NULL);
    ck_assert_uint_eq(atomic_load(&stored), BUDGET);
}
END_TEST

/* ---- Freed while in use --------------------------------------------------------------
 */

static void use_while_it_is_freed(unsigned number, void *context)
{
    filelike_budget *freed = context;
    struct filelike_options options = {.budget = freed};
    unsigned state = 1 + number;
    FILE *stream = filelike_spooled("a+", &options);
    CROWD_EXPECT(stream != NULL);
    crowd_meet();
    if (number == 0)
        filelike_budget_free(freed);
    for (int i = 0; i < 50; i++) {
        CROWD_EXPECT(append(stream, crowd_draw(&state, PIECE)));
        give_back(stream, &state);
    }
    CROWD_EXPECT(has_its_bytes(stream));
    CROWD_EXPECT(fclose(stream) == 0);
}

START_TEST(streams_keep_the_budget_alive)
{
    for (int round = 0; round < 10; round++)
        crowd_run(THREADS, use_while_it_is_freed, filelike_budget_new(BUDGET));
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

int main(void)
{
    Suite *suite = suite_create("budget, threads");
    TCase *all = suite_case(suite, "all");
    tcase_add_checked_fixture(all, begin, finish);
    tcase_add_loop_test(all, total_never_passes_the_budget, 0, 2);
    tcase_add_test(all, no_more_have_it_than_there_is);
    tcase_add_test(all, total_covers_the_bytes_in_memory);
    tcase_add_test(all, no_byte_is_left_over);
    tcase_add_test(all, streams_keep_the_budget_alive);
    return suite_run(suite);
}
