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

static unsigned bits_of_later_letter(char letter)
{
    switch (letter) {
    case '+':
        return MODE_READ | MODE_WRITE;
    case 'x':
        return MODE_EXCLUSIVE;
    default: /* 'b' and 'e' */
        return 0;
    }
}

int mode_parse(const char *text, const char *default_text, unsigned *mode)
{
    if (text == NULL)
        text = default_text;
    unsigned bits = bits_of_first_letter(text[0]);
    if (bits == 0)
        return call_fail(EINVAL);
    for (const char *letter = text + 1; *letter != '\0'; letter++) {
        if (strchr("+bex", *letter) == NULL || strchr(letter + 1, *letter) != NULL)
            return call_fail(EINVAL);
        bits |= bits_of_later_letter(*letter);
    }
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
    if (text == NULL)
        text = "";
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
