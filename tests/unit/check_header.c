/* The promises of the public header itself: versions, names, the end of a scope. */
#include <config.h>

#include "suite.h"

#include <stdlib.h>
#include <string.h>

START_TEST(version)
{
    char expected[40];
    (void) snprintf(expected, sizeof expected, "%d.%d.%d", FILELIKE_VERSION_MAJOR,
        FILELIKE_VERSION_MINOR, FILELIKE_VERSION_PATCH);
    ck_assert_str_eq(filelike_version(), expected);
    ck_assert_str_eq(filelike_version(), PACKAGE_VERSION);
}
END_TEST

START_TEST(never)
{
    ck_assert_uint_eq(FILELIKE_NEVER, SIZE_MAX);
}
END_TEST

START_TEST(flags_are_single_bits)
{
    static const unsigned flags[] = {FILELIKE_UNLOCKED, FILELIKE_KEEP, FILELIKE_IN_MEMORY,
        FILELIKE_NOREPLACE, FILELIKE_NOSYNC};
    unsigned all = 0;
    for (size_t i = 0; i < COUNT(flags); i++) {
        ck_assert_uint_ne(flags[i], 0);
        ck_assert_uint_eq(flags[i] & (flags[i] - 1), 0);
        ck_assert_uint_eq(all & flags[i], 0);
        all |= flags[i];
    }
}
END_TEST

/* ---- The end of a scope --------------------------------------------------------------
 */

/* The count of the budget shows when the stream is closed. */
static void use_in_a_scope(filelike_budget *budget, bool leave_early)
{
    struct filelike_options options = {.budget = budget};
    FILELIKE_AUTO FILE *stream = filelike_memory("w", &options);
    FILELIKE_AUTO FILE *none = NULL;
    write_text(stream, "0123");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_ge(filelike_budget_used(budget), 4);
    if (leave_early)
        return;
    none = filelike_memory("w", &options);
    write_text(none, "0123");
}

START_TEST(scope_closes)
{
    filelike_budget *budget = filelike_budget_new(1000);
    use_in_a_scope(budget, true);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    use_in_a_scope(budget, false);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("header");
    TCase *all = suite_case(suite, "all");
    tcase_add_test(all, version);
    tcase_add_test(all, never);
    tcase_add_test(all, flags_are_single_bits);
    tcase_add_test(all, scope_closes);
    return suite_run(suite);
}
