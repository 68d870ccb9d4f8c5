/* For tests without a framework: says what failed and where, and goes on. */
#ifndef EXPECT_H
#define EXPECT_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int expect_failures;

/* The thing under test, for messages. */
static const char *expect_subject = "";

static inline bool expect(bool condition, const char *file, int line, const char *text)
{
    if (!condition) {
        int saved = errno;
        (void) fprintf(
            stderr, "%s:%d: %s: failed: %s\n", file, line, expect_subject, text);
        errno = saved;
        expect_failures++;
    }
    return condition;
}

/* Whether CONDITION holds. */
#define EXPECT(condition) expect((condition), __FILE__, __LINE__, #condition)

/* CALL, an expression, gives FAILURE and sets errno to ERROR. */
#define EXPECT_FAILS(call, failure, error)                       \
    do {                                                         \
        errno = 0;                                               \
        if (EXPECT((call) == (failure)) && errno != (error)) {   \
            (void) fprintf(stderr, "errno is %d: ", errno);      \
            (void) expect(false, __FILE__, __LINE__, "" #error); \
        }                                                        \
    } while (0)

/* The result of main if nothing can be tested. automake counts the test as skipped. */
enum { SKIPPED = 77 };

/* The result of main. */
static inline int expect_status(void)
{
    return expect_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
