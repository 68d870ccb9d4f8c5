/* The parsing of modes stays within the text and within its own copy. A mode that was
 * accepted opens for something. */
#include <stdbool.h>
#include <stddef.h>

#include "base/mode.c"

enum { LONGEST = 12 }; /* characters; each letter may be repeated */

char nondet_char(void);

static char text[LONGEST + 1];

static void begin_text(void)
{
    for (int i = 0; i < LONGEST; i++)
        text[i] = nondet_char();
}

static void check_bits(unsigned mode)
{
    __CPROVER_assert((mode & (MODE_READ | MODE_WRITE)) != 0, "opens for something");
    __CPROVER_assert(
        (mode & MODE_APPEND) == 0 || (mode & MODE_WRITE) != 0, "appends by writing");
    __CPROVER_assert(
        (mode & MODE_TRUNCATE) == 0 || (mode & MODE_WRITE) != 0, "truncates by writing");
    __CPROVER_assert(mode_text(mode)[0] != '\0', "has a spelling");
}

void proof_parse(void)
{
    unsigned mode;
    begin_text();
    if (mode_parse(text, "r", &mode) == 0)
        check_bits(mode);
}

void proof_parse_fopen(void)
{
    unsigned mode;
    char plain[MODE_TEXT_SIZE];
    begin_text();
    if (mode_parse_fopen(text, plain, &mode) == 0)
        check_bits(mode);
}
