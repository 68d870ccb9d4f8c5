#include <config.h>

#include "base/mode.h"

#include "base/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static unsigned bits_of_first_letter(char letter)
{
    switch (letter) {
    case 'r':
        return MODE_READ;
    case 'w':
        return MODE_WRITE | MODE_TRUNCATE;
    case 'a':
        return MODE_WRITE | MODE_APPEND;
    default:
        return 0;
    }
}

/* The letters that may follow the first one. */
enum { LETTER_PLUS = 1, LETTER_B = 2, LETTER_E = 4, LETTER_X = 8 };

static unsigned later_letter(char letter)
{
    switch (letter) {
    case '+':
        return LETTER_PLUS;
    case 'b':
        return LETTER_B;
    case 'e':
        return LETTER_E;
    case 'x':
        return LETTER_X;
    default:
        return 0;
    }
}

/* Sets *LETTERS to those of TEXT. Another letter, or one that is repeated, is EINVAL. */
static int parse_later_letters(const char *text, unsigned *letters)
{
    *letters = 0;
    for (; *text != '\0'; text++) {
        unsigned letter = later_letter(*text);
        if (letter == 0 || (*letters & letter) != 0)
            return call_fail(EINVAL);
        *letters |= letter;
    }
    return 0;
}

int mode_parse(const char *text, const char *default_text, unsigned *mode)
{
    if (text == NULL)
        text = default_text;
    unsigned letters;
    unsigned bits = bits_of_first_letter(text[0]);
    if (bits == 0)
        return call_fail(EINVAL);
    if (parse_later_letters(text + 1, &letters) != 0)
        return -1;
    if (letters & LETTER_PLUS)
        bits |= MODE_READ | MODE_WRITE;
    if (letters & LETTER_X)
        bits |= MODE_EXCLUSIVE;
    *mode = bits;
    return 0;
}

/* The first letter is never ignored. */
static bool is_ignored_letter(char letter, size_t index)
{
    return index > 0 && strchr("tcm", letter) != NULL;
}

int mode_parse_fopen(const char *text, char plain[MODE_TEXT_SIZE], unsigned *mode)
{
    static const char conversion[] = ",ccs=";
    size_t length = 0;
    for (; *text != '\0' && strncmp(text, conversion, sizeof conversion - 1) != 0;
         text++) {
        if (is_ignored_letter(*text, length))
            continue;
        plain[length++] = *text;
        /* A mode as long as this repeats a letter. */
        if (length == MODE_TEXT_SIZE)
            return call_fail(EINVAL);
    }
    plain[length] = '\0';
    return mode_parse(plain, "", mode);
}

const char *mode_text(unsigned mode)
{
    if ((mode & MODE_WRITE) == 0)
        return "r";
    if ((mode & MODE_READ) == 0)
        return mode & MODE_APPEND ? "a" : "w";
    if (mode & MODE_APPEND)
        return "a+";
    return mode & MODE_TRUNCATE ? "w+" : "r+";
}

int mode_access(unsigned mode)
{
    if ((mode & MODE_WRITE) == 0)
        return O_RDONLY;
    return mode & MODE_READ ? O_RDWR : O_WRONLY;
}
