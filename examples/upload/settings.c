#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const char usage[] =
    "usage: server [OPTION]...\n"
    "Takes CSV files at http://127.0.0.1:PORT/upload, and shows a page for it at /.\n"
    "\n"
    "  --port PORT           0, the default: a free one; the first line printed says "
    "which\n"
    "  --size-limit BYTES    the largest file taken (100M)\n"
    "  --memory-limit BYTES  a file that is larger goes to disk (1M)\n"
    "  --budget BYTES        what all files together may hold in memory (64M)\n"
    "  --dir DIRECTORY       where files on disk go ($TMPDIR, else /tmp)\n"
    "\n"
    "BYTES may end in K, M or G. SIGINT and SIGTERM end the server.\n";

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},
    {"size-limit", required_argument, NULL, 's'},
    {"memory-limit", required_argument, NULL, 'm'},
    {"budget", required_argument, NULL, 'b'},
    {"dir", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

_Noreturn static void refuse(const char *what, const char *value)
{
    fprintf(stderr, "server: %s: %s. --help tells what is expected.\n", value, what);
    exit(EXIT_FAILURE);
}

/* The factor of the unit after a number, as a number of bits. -1 if there is no such
 * unit. */
static int unit(const char *letter)
{
    static const char units[] = "KMG";
    if (letter[0] == '\0')
        return 0;
    const char *found = strchr(units, letter[0]);
    return found == NULL || letter[1] != '\0' ? -1 : 10 * (int) (found - units + 1);
}

static uint64_t read_number(const char *value, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    int shift = unit(end);
    if (!isdigit((unsigned char) value[0]) || shift == -1)
        refuse("not a number", value);
    if (errno != 0 || number > most >> shift || number << shift < least)
        refuse("out of range", value);
    return number << shift;
}

static void set(struct settings *settings, int option, const char *value)
{
    switch (option) {
    case 'p':
        settings->port = (uint16_t) read_number(value, 0, UINT16_MAX);
        break;
    case 's':
        settings->size_limit = read_number(value, 1, INT64_MAX);
        break;
    case 'm':
        settings->memory_limit = read_number(value, 1, SIZE_MAX);
        break;
    case 'b':
        settings->budget = read_number(value, 0, SIZE_MAX);
        break;
    case 'd':
        settings->directory = value;
        break;
    case 'h':
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    default:
        fputs(usage, stderr);
        exit(EXIT_FAILURE);
    }
}

struct settings settings_read(int count, char **arguments)
{
    struct settings settings = {
        .size_limit = 100 * MIB,
        .memory_limit = MIB,
        .budget = 64 * MIB,
    };
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        set(&settings, option, optarg);
    if (optind < count)
        refuse("an argument too many", arguments[optind]);
    return settings;
}
