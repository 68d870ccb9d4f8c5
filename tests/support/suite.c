#include <config.h>

#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* Long enough for valgrind on a busy machine. */
enum { TIMEOUT_SECONDS = 300 };

int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

TCase *suite_case(Suite *suite, const char *name)
{
    TCase *test_case = tcase_create(name);
    tcase_set_timeout(test_case, TIMEOUT_SECONDS);
    suite_add_tcase(suite, test_case);
    return test_case;
}

void suite_over_kinds(Suite *suite, void (*add)(TCase *test_case, int kind))
{
    for (size_t i = 0; i < kind_count; i++)
        if (!kind_has(&kinds[i], KIND_ONLY_READS))
            add(suite_case(suite, kinds[i].name), (int) i);
}

/* ---- Opening -------------------------------------------------------------------------
 */

/* Only atomic streams are refused, in modes that cannot write. */
static bool is_refused(const struct kind *kind, const char *mode)
{
    bool reads_only = mode != NULL && mode[0] == 'r' && strchr(mode, '+') == NULL;
    return reads_only && kind_has(kind, KIND_PUBLISHES) && errno == EINVAL;
}

static FILE *opened(FILE *stream, const struct kind *kind, const char *mode)
{
    bool may_fail = errno == ENOTSUP || is_refused(kind, mode);
    ck_assert_msg(stream != NULL || may_fail, "%s, \"%s\": %s", kind->name,
        mode != NULL ? mode : "NULL", strerror(errno));
    return stream;
}

FILE *open_empty(const struct kind *kind, const char *mode)
{
    return opened(kind_open(kind, mode, NULL), kind, mode);
}

FILE *open_text(const struct kind *kind, const char *text, const char *mode)
{
    return opened(kind_open_on(kind, text, strlen(text), mode, NULL), kind, mode);
}

FILE *open_limited(const struct kind *kind, const char *mode, uint64_t limit)
{
    struct filelike_options options = {.size_limit = limit};
    return opened(kind_open(kind, mode, &options), kind, mode);
}

/* ---- Looking -------------------------------------------------------------------------
 */

void make_pattern(char *bytes, size_t size)
{
    unsigned state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245u + 12345u;
        bytes[i] = (char) (state >> 16 & 0xff);
    }
}

void write_text(FILE *stream, const char *text)
{
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), stream), strlen(text));
}

void write_zeros(FILE *stream, size_t size)
{
    size_t written = 0;
    while (written < size && putc('\0', stream) == '\0')
        written++;
    ck_assert_uint_eq(written, size);
}

void assert_bytes(FILE *stream, const void *bytes, size_t size)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    ck_assert_msg(view != NULL, "view: %s", strerror(errno));
    ck_assert_uint_eq(held, size);
    if (size > 0)
        ck_assert_mem_eq(view, bytes, size);
}

void assert_text(FILE *stream, const char *text)
{
    assert_bytes(stream, text, strlen(text));
}

void assert_reads(FILE *stream, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        ck_assert_int_eq(getc(stream), text[i]);
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(feof(stream));
    ck_assert(!ferror(stream));
}

void assert_closes(FILE *stream)
{
    ck_assert_msg(fclose(stream) == 0, "fclose: %s", strerror(errno));
}

void assert_closes_with(FILE *stream, int error)
{
    assert_fails(fclose(stream), EOF, error);
}
