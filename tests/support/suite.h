/* Shared by the suites: Check, the kinds, and ways to look at a stream. */
#ifndef SUITE_H
#define SUITE_H

#include "kinds.h"

#include <check.h>
#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Runs SUITE, which it frees. Returns the result of main. */
int suite_run(Suite *suite);

/* A test case of SUITE. */
TCase *suite_case(Suite *suite, const char *name);

/* A test case for each kind that can be written, named after the kind. ADD adds the loop
 * tests to it. They run over KIND alone: in their bodies it is kinds[_i]. */
void suite_over_kinds(Suite *suite, void (*add)(TCase *test_case, int kind));

/* A stream of KIND; NULL only where the kind does not take MODE. */
FILE *open_empty(const struct kind *kind, const char *mode);
FILE *open_text(const struct kind *kind, const char *text, const char *mode);

/* The same, but the stream is empty and may hold LIMIT bytes. */
FILE *open_limited(const struct kind *kind, const char *mode, uint64_t limit);

/* Bytes of all values in no simple order. */
void make_pattern(char *bytes, size_t size);

/* Writes all of it, and checks that stdio reports success. The bytes may still be
 * pending. */
void write_text(FILE *stream, const char *text);
void write_zeros(FILE *stream, size_t size);

/* The stream holds just these bytes; its position is left alone. */
void assert_bytes(FILE *stream, const void *bytes, size_t size);
void assert_text(FILE *stream, const char *text);

/* Reading on from here gives TEXT, and then the end. */
void assert_reads(FILE *stream, const char *text);

void assert_closes(FILE *stream);
void assert_closes_with(FILE *stream, int error);

/* CALL, an expression, gives FAILURE and sets errno to ERROR. */
#define assert_fails(call, failure, error) \
    do {                                   \
        errno = 0;                         \
        ck_assert((call) == (failure));    \
        ck_assert_int_eq(errno, (error));  \
    } while (0)

#endif
