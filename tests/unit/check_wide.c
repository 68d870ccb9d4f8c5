/* The C library's own freopen and wide characters, on the library's streams. Calls that
 * would crash glibc must fail and leave the stream as it was, or must work. */
#include <config.h>

#include "scratch.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#define TEXT "0123456789"

/* musl supports all of it, except freopen without a descriptor. */
#if !defined __GLIBC__
enum { WIDE_WORKS = 1, CRASHES = 0 };
#elif defined HAVE_FILE__WIDE_DATA
enum { WIDE_WORKS = 0, CRASHES = 0 };
#else
enum { WIDE_WORKS = 0, CRASHES = 1 };
#endif

/* For functions that run in the child: returns the line if CONDITION is false. */
#define NEED(condition)      \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

static bool can_try(const struct kind *kind)
{
    if (kind_has(kind, KIND_WATCHED) && CRASHES)
        say_skipped(kind->name, "it crashes glibc in this build");
    return kind_has(kind, KIND_WATCHED) && !CRASHES;
}

static int run_body(int (*body)(void *), const struct kind *kind)
{
    return in_child(body, (void *) (uintptr_t) kind);
}

static void check_in_child(int (*body)(void *), int index)
{
    const struct kind *kind = &kinds[index];
    int status = can_try(kind) ? run_body(body, kind) : 0;
    ck_assert_msg(status == 0, "%s: line, or signal and 128: %d", kind->name, status);
}

static FILE *open_filled(const struct kind *kind)
{
    enum { CHILD_SECONDS = 20 };
    (void) alarm(CHILD_SECONDS);
    FILE *stream = kind_open(kind, "w+", NULL);
    if (stream != NULL && fputs(TEXT, stream) == EOF)
        return NULL;
    return stream;
}

/* ---- freopen -------------------------------------------------------------------------
 */

static int use_reopened(FILE *stream)
{
    char line[32];
    wchar_t wide[32];
    NEED(fputs("bytes\n", stream) >= 0);
    NEED(filelike_size(stream) == 6);
    rewind(stream);
    NEED(fgets(line, sizeof line, stream) != NULL && strcmp(line, "bytes\n") == 0);
    NEED(freopen("wide", "w+", stream) == stream);
    NEED(fputws(L"wide\n", stream) >= 0);
    rewind(stream);
    NEED(fgetws(wide, COUNT(wide), stream) != NULL && wcscmp(wide, L"wide\n") == 0);
    /* The stream is now the C library's, with the errors of such streams. */
    NEED(filelike_discard(stream) == -1 && errno == ENOTSUP);
    NEED(freopen("file", "r", stream) == stream);
    NEED(filelike_truncate(stream, 0) == -1 && errno == EBADF);
    return 0;
}

/* New streams may get the memory of old ones. */
static int use_others(const struct kind *kind)
{
    enum { MANY = 20 };
    FILE *others[MANY];
    for (int i = 0; i < MANY; i++) {
        others[i] = i % 2 == 0 ? open_filled(kind) : fopen("other", "w");
        NEED(others[i] != NULL && filelike_size(others[i]) == (i % 2 == 0 ? 10 : 0));
    }
    for (int i = 0; i < MANY; i++)
        NEED(fclose(others[i]) == 0);
    return 0;
}

static int replace_by_freopen(void *context)
{
    const struct kind *kind = context;
    FILE *stream = open_filled(kind);
    NEED(stream != NULL);
    FILE *reopened = freopen("file", "w+", stream);
    if (reopened != NULL) {
        NEED(reopened == stream);
        int line = use_reopened(reopened);
        if (line != 0)
            return line;
        NEED(fclose(reopened) == 0);
    }
    return use_others(kind);
}

START_TEST(freopen_fails_or_works)
{
    check_in_child(replace_by_freopen, _i);
}
END_TEST

/* ISO C's freopen closes a stream that it cannot reopen. glibc up to 2.40 does not free
 * such a FILE, so a second fclose does not crash. Later glibc and musl free it. */
static bool is_there_when_closed(void)
{
#ifdef __GLIBC__
    return strverscmp(gnu_get_libc_version(), "2.41") < 0;
#else
    return false;
#endif
}

static int reopen_in_vain(void *context)
{
    static const char *const modes[] = {"r", "z"};
    const struct kind *kind = context;
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_filled(kind);
        NEED(stream != NULL && freopen("missing/file", modes[i], stream) == NULL);
        NEED(!is_there_when_closed() || fclose(stream) == EOF);
    }
    return use_others(kind);
}

START_TEST(freopen_fails_without_a_crash)
{
    check_in_child(reopen_in_vain, _i);
}
END_TEST

enum { NOT_REOPENED = 255 };

/* Each stream has its own state. At exit pending output is written. */
static int reopen_two(void *context)
{
    const struct kind *kind = context;
    FILE *one = open_filled(kind);
    FILE *two = open_filled(kind);
    NEED(one != NULL && two != NULL);
    one = freopen("one", "w", one);
    two = freopen("two", "w", two);
    if (one == NULL || two == NULL)
        return NOT_REOPENED;
    for (int i = 0; i < 1000; i++)
        NEED(fputwc(L'1', one) == L'1' && fputwc(L'2', two) == L'2');
    return 0;
}

static size_t count(const char *text, char letter)
{
    size_t number = 0;
    for (; text != NULL && *text != '\0'; text++)
        number += *text == letter;
    return number;
}

START_TEST(reopened_ones_do_not_meet)
{
    if (!can_try(&kinds[_i]))
        return;
    int status = run_body(reopen_two, &kinds[_i]);
    if (status == NOT_REOPENED)
        return;
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(count(content("one"), '1'), 1000);
    ck_assert_uint_eq(count(content("two"), '2'), 1000);
}
END_TEST

/* A stream with a descriptor can at least be reopened. */
static int reopen_named(void *context)
{
    (void) context;
    FILE *stream = filelike_named("w+", NULL);
    NEED(stream != NULL && freopen("file", "w", stream) == stream);
    return fclose(stream) == 0 ? 0 : __LINE__;
}

START_TEST(a_descriptor_is_enough)
{
    if (can_try(&kinds[0]) && !WIDE_WORKS)
        ck_assert_int_eq(run_body(reopen_named, NULL), 0);
}
END_TEST

/* ---- Wide characters -----------------------------------------------------------------
 */

static int read_wide(void *context)
{
    wchar_t text[8];
    int number;
    FILE *stream = open_filled(context);
    NEED(stream != NULL);
    rewind(stream);
    NEED(fwide(stream, 1) < 0 && fwide(stream, 0) < 0);
    NEED(fgetwc(stream) == WEOF && getwc(stream) == WEOF);
    NEED(fgetws(text, COUNT(text), stream) == NULL);
    NEED(fwscanf(stream, L"%d", &number) == EOF);
    NEED(!ferror(stream) && getc(stream) == '0' && fclose(stream) == 0);
    return 0;
}

static int write_wide(void *context)
{
    FILE *stream = open_filled(context);
    NEED(stream != NULL);
    NEED(fputwc(L'x', stream) == WEOF && fputws(L"xyz", stream) == -1);
    NEED(fwprintf(stream, L"%d", 42) == -1);
    NEED(!ferror(stream) && filelike_size(stream) == 10);
    /* On any stream that is used for bytes, putwc writes a byte. */
    NEED(putwc(L'x', stream) == L'x' && filelike_size(stream) == 11);
    NEED(fclose(stream) == 0);
    return 0;
}

START_TEST(wide_characters_fail_without_a_crash)
{
    if (WIDE_WORKS)
        return;
    check_in_child(read_wide, _i);
    check_in_child(write_wide, _i);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_loop_test(test_case, freopen_fails_or_works, kind, kind + 1);
    tcase_add_loop_test(test_case, freopen_fails_without_a_crash, kind, kind + 1);
    tcase_add_loop_test(test_case, reopened_ones_do_not_meet, kind, kind + 1);
    tcase_add_loop_test(test_case, wide_characters_fail_without_a_crash, kind, kind + 1);
}

int main(void)
{
    Suite *suite = suite_create("wide");
    suite_over_kinds(suite, add);
    TCase *test_case = suite_case(suite, "descriptor");
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_test(test_case, a_descriptor_is_enough);
    return suite_run(suite);
}
