#include <config.h>

#include "base/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static unsigned first_letter(char letter)
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

static unsigned later_letter(char letter)
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
    unsigned bits = first_letter(text[0]);
    if (bits == 0)
        goto invalid;
    for (const char *letter = text + 1; *letter != '\0'; letter++) {
        if (strchr("+bex", *letter) == NULL || strchr(letter + 1, *letter) != NULL)
            goto invalid;
        bits |= later_letter(*letter);
    }
    *mode = bits;
    return 0;

invalid:
    errno = EINVAL;
    return -1;
}

/* The mode's first letter counts in any case. */
static bool is_foreign(char letter, size_t place)
{
    return place > 0 && strchr("tcm", letter) != NULL;
}

int mode_parse_fopen(const char *text, char plain[MODE_TEXT_SIZE], unsigned *mode)
{
    static const char conversion[] = ",ccs=";
    size_t length = 0;
    if (text == NULL)
        text = "";
    for (; *text != '\0' && strncmp(text, conversion, sizeof conversion - 1) != 0;
         text++) {
        if (is_foreign(*text, length))
            continue;
        plain[length++] = *text;
        /* A longer mode has a letter twice. */
        if (length == MODE_TEXT_SIZE) {
            errno = EINVAL;
            return -1;
        }
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
