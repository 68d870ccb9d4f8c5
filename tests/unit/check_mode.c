/* Modes: each valid combination of letters is accepted, and every other one is refused.
 */
#include <config.h>

#include "suite.h"

#include <string.h>

/* Check records each assertion, even one that holds. There are too many modes for that.
 */
#define ASSERT_IN(mode, condition)                                                  \
    do {                                                                            \
        if (!(condition))                                                           \
            ck_abort_msg("in mode \"%s\": %s (errno %d)", mode, #condition, errno); \
    } while (0)

/* ---- Valid modes ---------------------------------------------------------------------
 */

static bool is_valid(const char *mode)
{
    int seen[256] = {0};
    if (mode[0] != 'r' && mode[0] != 'w' && mode[0] != 'a')
        return false;
    for (const char *letter = mode + 1; *letter != '\0'; letter++)
        seen[(unsigned char) *letter]++;
    for (int letter = 1; letter < 256; letter++) {
        bool known = letter == '+' || letter == 'b' || letter == 'e' || letter == 'x';
        if (seen[letter] > (known ? 1 : 0))
            return false;
    }
    return true;
}

static const char letters[] = "rwa+bex";

/* The number of letters of the longest valid mode, and of the modes that are tried on
 * every opener. All openers parse modes in the same way. */
enum { LONGEST = 5, SHORT = 3 };

typedef char mode_buffer[LONGEST + 3];

/* Replaces MODE by the next one, shorter modes first, as if the letters were digits.
 * False after the last one with LONGEST letters. */
static bool next_mode(char *mode, size_t longest)
{
    size_t length = strlen(mode);
    for (size_t i = 0; i < length; i++) {
        const char *place = strchr(letters, mode[i]);
        if (place[1] != '\0') {
            mode[i] = place[1];
            return true;
        }
        mode[i] = letters[0];
    }
    mode[length] = letters[0];
    mode[length + 1] = '\0';
    return length < longest;
}

/* After each of r, w and a may follow 0 to 4 of the other four letters, in any order. */
START_TEST(all_valid_modes_are_tried)
{
    mode_buffer mode = "";
    int valid = 0;
    do
        valid += is_valid(mode);
    while (next_mode(mode, LONGEST));
    ck_assert_int_eq(valid, 3 * (1 + 4 + 12 + 24 + 24));
}
END_TEST

/* ---- Opening -------------------------------------------------------------------------
 */

static bool has_letter(const char *mode, char letter)
{
    return strchr(mode, letter) != NULL;
}

/* An atomic stream has errors of its own: it must be written, and its path may exist. */
static int refusal(const struct kind *kind, const char *mode)
{
    if (!is_valid(mode))
        return EINVAL;
    if (!kind_has(kind, KIND_PUBLISHES) || mode[0] != 'r')
        return 0;
    if (!has_letter(mode, '+'))
        return EINVAL;
    return has_letter(mode, 'x') ? EEXIST : 0;
}

static void check_opening(const struct kind *kind, const char *mode)
{
    errno = 0;
    FILE *stream = kind_open(kind, mode, NULL);
    int error = stream == NULL ? errno : 0;
    ASSERT_IN(mode, error == refusal(kind, mode));
    ASSERT_IN(mode, stream == NULL || fclose(stream) == 0);
}

START_TEST(opens_in_valid_modes_only)
{
    mode_buffer mode = "";
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    do
        check_opening(&kinds[_i], mode);
    while (next_mode(mode, SHORT));
}
END_TEST

START_TEST(opens_in_valid_modes_of_any_length_only)
{
    mode_buffer mode = "";
    do
        check_opening(&kinds[0], mode);
    while (next_mode(mode, LONGEST + 1));
}
END_TEST

START_TEST(refuses_other_characters)
{
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    for (int character = 1; character < 256; character++) {
        char other = (char) character;
        check_opening(&kinds[_i], (const char[]){other, '\0'});
        check_opening(&kinds[_i], (const char[]){'w', other, '\0'});
        check_opening(&kinds[_i], (const char[]){'a', '+', other, '\0'});
        check_opening(&kinds[_i], (const char[]){other, 'w', '\0'});
    }
}
END_TEST

START_TEST(refuses_what_c_libraries_take)
{
    static const char *const modes[] = {"", "rw", "r++", "rbb", "wt", "w,ccs=UTF-8",
        "w+,ccs=UTF-8", "rm", "rc", "r ", " r", "R", "r+w", "w\n", "+", "b", "x", "+r"};
    for (size_t i = 0; i < COUNT(modes); i++)
        check_opening(&kinds[0], modes[i]);
}
END_TEST

START_TEST(reopens_in_valid_modes_only)
{
    mode_buffer mode = "";
    FILE *first = open_empty(&kinds[_i], "w+");
    do {
        FILE *stream = filelike_reopen(first, mode);
        int error = stream == NULL ? errno : 0;
        ASSERT_IN(mode, (error == EINVAL) == !is_valid(mode));
        ASSERT_IN(mode, stream == NULL || fclose(stream) == 0);
    } while (next_mode(mode, SHORT));
    assert_closes(first);
}
END_TEST

/* ---- The meaning of the letters ------------------------------------------------------
 */

/* REFUSED if stdio refuses CALL, an expression, in this mode. */
#define ASSERT_REFUSED(mode, call)         \
    do {                                   \
        errno = 0;                         \
        ASSERT_IN(mode, (call) == EOF);    \
        ASSERT_IN(mode, errno == REFUSED); \
    } while (0)

/* Whether reading from here gives TEXT and then end-of-file. */
static bool reads(FILE *stream, const char *text)
{
    while (*text != '\0')
        if (getc(stream) != *text++)
            return false;
    return getc(stream) == EOF && feof(stream) && !ferror(stream);
}

static bool holds(FILE *stream, const char *bytes, size_t size)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

static void check_reading(FILE *stream, const char *mode)
{
    ASSERT_IN(mode, fseeko(stream, 0, SEEK_SET) == 0);
    if (mode[0] == 'r' || has_letter(mode, '+')) {
        ASSERT_IN(mode, reads(stream, mode[0] == 'w' ? "" : "0123"));
        return;
    }
    ASSERT_REFUSED(mode, getc(stream));
    clearerr(stream);
}

/* Writes at position 1, or at the end in append mode. */
static void check_writing(FILE *stream, const char *mode)
{
    ASSERT_IN(mode, fseeko(stream, 1, SEEK_SET) == 0);
    if (mode[0] == 'r' && !has_letter(mode, '+')) {
        ASSERT_REFUSED(mode, putc('x', stream));
        ASSERT_IN(mode, holds(stream, "0123", 4));
        return;
    }
    ASSERT_IN(mode, putc('x', stream) == 'x');
    if (mode[0] == 'a')
        ASSERT_IN(mode, holds(stream, "0123x", 5));
    else if (mode[0] == 'w')
        ASSERT_IN(mode, holds(stream, "\0x", 2));
    else
        ASSERT_IN(mode, holds(stream, "0x23", 4));
}

static void check_meaning(const struct kind *kind, const char *mode)
{
    FILE *stream = kind_open_on(kind, "0123", 4, mode, NULL);
    if (stream == NULL) {
        int error = errno;
        ASSERT_IN(
            mode, error == ENOTSUP || error == EEXIST || error == refusal(kind, mode));
        return;
    }
    bool at_end = mode[0] == 'a' && !has_letter(mode, '+');
    ASSERT_IN(mode, ftello(stream) == (at_end ? 4 : 0));
    check_reading(stream, mode);
    check_writing(stream, mode);
    ASSERT_IN(mode, fclose(stream) == 0);
}

/* 'b', 'e' and 'x' change nothing, wherever they stand. */
START_TEST(letters_mean_what_they_say)
{
    mode_buffer mode = "";
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    do {
        if (is_valid(mode))
            check_meaning(&kinds[_i], mode);
    } while (next_mode(mode, LONGEST));
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(opens_in_valid_modes_only);
    ADD(refuses_other_characters);
    ADD(reopens_in_valid_modes_only);
    ADD(letters_mean_what_they_say);
#undef ADD
}

static void add_text(TCase *test_case)
{
    tcase_add_test(test_case, all_valid_modes_are_tried);
    tcase_add_test(test_case, opens_in_valid_modes_of_any_length_only);
    tcase_add_test(test_case, refuses_what_c_libraries_take);
}

int main(void)
{
    Suite *suite = suite_create("mode");
    suite_over_kinds(suite, add);
    add_text(suite_case(suite, "text"));
    return suite_run(suite);
}
