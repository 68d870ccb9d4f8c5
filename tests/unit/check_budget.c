/* A shared allowance of memory: what counts, and what happens when it is used up. */
#include <config.h>

#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { BUDGET = 1000 };

static FILE *memory_within(filelike_budget *budget, const char *mode)
{
    struct filelike_options options = {.budget = budget, .buffer_size = 1};
    FILE *stream = filelike_memory(mode, &options);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

/* Writes SIZE bytes, and out. 0, or the errno. */
static int store_error(FILE *stream, size_t size)
{
    static const char zeros[2 * BUDGET];
    return fwrite(zeros, 1, size, stream) == size && fflush(stream) == 0 ? 0 : errno;
}

static void finish(filelike_budget *budget)
{
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}

/* ---- Budgets -------------------------------------------------------------------------
 */

START_TEST(new_budget_is_unused)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    ck_assert_ptr_nonnull(budget);
    finish(budget);
    filelike_budget_free(NULL);
    finish(filelike_budget_new(SIZE_MAX));
}
END_TEST

START_TEST(stream_as_large_as_the_budget_fits)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w");
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), BUDGET);
    ck_assert_str_eq(filelike_view(stream, NULL), "");
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* A block that grows would double. If the budget has less than that, it takes all that is
 * left. */
START_TEST(growth_takes_what_is_left)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w");
    for (int i = 0; i < BUDGET; i++) {
        ck_assert_int_eq(store_error(stream, 1), 0);
        ck_assert_uint_gt(filelike_budget_used(budget), (size_t) i);
        ck_assert_uint_le(filelike_budget_used(budget), BUDGET);
    }
    ck_assert_int_eq(store_error(stream, 1), ENOMEM);
    ck_assert_int_eq(filelike_error(stream), ENOMEM);
    clearerr(stream);
    ck_assert_int_eq(filelike_size(stream), BUDGET);
    assert_closes_with(stream, ENOMEM);
    finish(budget);
}
END_TEST

START_TEST(nothing_fits_a_budget_of_nothing)
{
    filelike_budget *budget = filelike_budget_new(0);
    FILE *stream = memory_within(budget, "w+");
    assert_text(stream, "");
    ck_assert_int_eq(store_error(stream, 1), ENOMEM);
    assert_closes_with(stream, ENOMEM);
    finish(budget);
}
END_TEST

START_TEST(streams_share_it)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *first = memory_within(budget, "w+");
    FILE *second = memory_within(budget, "w+");
    ck_assert_int_eq(store_error(first, BUDGET - 10), 0);
    ck_assert_int_eq(store_error(second, 11), ENOMEM);
    clearerr(second);
    ck_assert_int_eq(store_error(second, 10), 0);
    assert_closes(first);
    ck_assert_uint_eq(filelike_budget_used(budget), 10);
    ck_assert_int_eq(store_error(second, BUDGET - 10), 0);
    assert_closes_with(second, ENOMEM);
    finish(budget);
}
END_TEST

START_TEST(streams_keep_it_alive)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w");
    filelike_budget_free(budget);
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    ck_assert_int_eq(store_error(stream, 1), ENOMEM);
    assert_closes_with(stream, ENOMEM);
}
END_TEST

/* ---- Given back ----------------------------------------------------------------------
 */

START_TEST(truncation_gives_back)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w+");
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    ck_assert_int_eq(filelike_truncate(stream, 10), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 10);
    ck_assert_int_eq(filelike_truncate(stream, BUDGET), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), BUDGET);
    assert_fails(filelike_truncate(stream, BUDGET + 1), -1, ENOMEM);
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(detach_gives_back)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w+");
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    char *bytes = filelike_detach(stream, NULL);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    free(bytes);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* A stream with a budget goes to disk for its descriptor. */
START_TEST(descriptor_gives_back)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    FILE *stream = memory_within(budget, "w+");
    write_text(stream, "0123");
    ck_assert_int_ne(filelike_fileno(stream), -1);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_text(stream, "0123");
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* ---- Bytes of the caller's -----------------------------------------------------------
 */

START_TEST(bytes_in_place_do_not_count)
{
    static const char zeros[2 * BUDGET];
    filelike_budget *budget = filelike_budget_new(BUDGET);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_bytes(zeros, sizeof zeros, "r", &options);
    assert_bytes(stream, zeros, sizeof zeros);
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(copies_count)
{
    static const char zeros[BUDGET + 1];
    filelike_budget *budget = filelike_budget_new(BUDGET);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_bytes(zeros, BUDGET, "r+", &options);
    ck_assert_uint_eq(filelike_budget_used(budget), BUDGET);
    assert_closes(stream);
    assert_fails(filelike_bytes(zeros, BUDGET + 1, "r+", &options), NULL, ENOMEM);
    finish(budget);
}
END_TEST

START_TEST(adopted_blocks_count)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_adopt(calloc(1, BUDGET), BUDGET, "r+", &options);
    ck_assert_uint_eq(filelike_budget_used(budget), BUDGET);
    assert_closes(stream);
    stream = filelike_adopt(calloc(1, BUDGET), BUDGET, "w+", &options);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* ---- Spooled streams -----------------------------------------------------------------
 */

/* The first byte that does not fit moves the stream to disk. */
START_TEST(spooled_streams_move)
{
    filelike_budget *budget = filelike_budget_new(BUDGET);
    struct filelike_options options = {.budget = budget, .buffer_size = 1};
    FILE *stream = filelike_spooled("w+", &options);
    ck_assert_int_eq(store_error(stream, BUDGET), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    ck_assert_uint_eq(filelike_budget_used(budget), BUDGET);
    ck_assert_int_eq(store_error(stream, 1), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    ck_assert_int_eq(filelike_size(stream), BUDGET + 1);
    assert_closes(stream);
    finish(budget);
}
END_TEST

START_TEST(spooled_streams_move_at_once_without_room)
{
    filelike_budget *budget = filelike_budget_new(0);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_spooled("w+", &options);
    write_text(stream, "0123");
    assert_text(stream, "0123");
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    assert_closes(stream);
    finish(budget);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

int main(void)
{
    Suite *suite = suite_create("budget");
    TCase *all = suite_case(suite, "all");
    tcase_add_test(all, new_budget_is_unused);
    tcase_add_test(all, stream_as_large_as_the_budget_fits);
    tcase_add_test(all, growth_takes_what_is_left);
    tcase_add_test(all, nothing_fits_a_budget_of_nothing);
    tcase_add_test(all, streams_share_it);
    tcase_add_test(all, streams_keep_it_alive);
    tcase_add_test(all, truncation_gives_back);
    tcase_add_test(all, detach_gives_back);
    tcase_add_test(all, descriptor_gives_back);
    tcase_add_test(all, bytes_in_place_do_not_count);
    tcase_add_test(all, copies_count);
    tcase_add_test(all, adopted_blocks_count);
    tcase_add_test(all, spooled_streams_move);
    tcase_add_test(all, spooled_streams_move_at_once_without_room);
    return suite_run(suite);
}
