/* bench: the library's streams beside their peers, in one run.
 *
 * usage: bench [--row NAME]... [--quick | --rounds N] [--seconds N] [--csv FILE]
 *              [--data FILE]
 *        bench --list
 *
 * Prints how fast, or how large, each kind of stream is in each piece of work. The
 * figure is the median of all rounds, with half the distance of the quartiles as its
 * spread. Beside it stands the ratio to each peer, and the target if there is one. */
#include <config.h>

#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_ROUNDS = 9, QUICK_ROUNDS = 3 };
enum { DEFAULT_SECONDS = 300, MOST_SECONDS = 86400 };

#define DEFAULT_DATA "/usr/share/zoneinfo/zone1970.tab"

struct settings {
    size_t rounds;
    size_t seconds; /* that the whole run may take */
    const char *data;
    const char *csv;
    bool *chosen; /* for each row */
    bool any_chosen;
};

static int list_rows(void)
{
    for (size_t i = 0; i < row_count; i++)
        printf("%-17s%s\n", rows[i].name, rows[i].work);
    return EXIT_SUCCESS;
}

/* ---- Settings ------------------------------------------------------------------------
 */

static _Noreturn void complain(const char *what, const char *which)
{
    (void) fprintf(stderr, "bench: %s '%s'; bench --help tells more\n", what, which);
    exit(EXIT_FAILURE);
}

static int help(void)
{
    (void) fputs(
        "usage: bench [--row NAME]... [--quick | --rounds N] [--seconds N]\n"
        "             [--csv FILE] [--data FILE]\n"
        "       bench --list\n"
        "\n"
        "  --row NAME   this row only; --list names them\n"
        "  --quick      3 rounds rather than 9\n"
        "  --rounds N   N rounds, and up to four times as many where they\n"
        "               leave in doubt whether a target is met; at most 99\n"
        "  --seconds N  ends after about N seconds, 300 by default: each row then\n"
        "               has fewer rounds, and its targets may not be told\n"
        "  --csv FILE   writes the figures to FILE, too\n"
        "  --data FILE  the table that the row csv writes\n",
        stdout);
    return EXIT_SUCCESS;
}

static size_t parse_number(const char *text, size_t most, const char *complaint)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number == 0 || number > most)
        complain(complaint, text);
    return number;
}

static void choose(struct settings *settings, const char *name)
{
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            settings->chosen[i] = settings->any_chosen = true;
            return;
        }
    }
    complain("no row has the name", name);
}

static const struct option options[] = {
    {"row", required_argument, NULL, 'r'},
    {"quick", no_argument, NULL, 'q'},
    {"rounds", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, 's'},
    {"csv", required_argument, NULL, 'c'},
    {"data", required_argument, NULL, 'd'},
    {"list", no_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void set(struct settings *settings, int option)
{
    switch (option) {
    case 'r':
        choose(settings, optarg);
        break;
    case 'q':
        settings->rounds = QUICK_ROUNDS;
        break;
    case 'n':
        settings->rounds =
            parse_number(optarg, MOST_ROUNDS, "rounds are a number from 1 to 99, not");
        break;
    case 's':
        settings->seconds = parse_number(
            optarg, MOST_SECONDS, "seconds are a number from 1 to 86400, not");
        break;
    case 'c':
        settings->csv = optarg;
        break;
    case 'd':
        settings->data = optarg;
        break;
    case 'l':
        exit(list_rows());
    case 'h':
        exit(help());
    default:
        (void) fputs("bench: bench --help tells more\n", stderr);
        exit(EXIT_FAILURE);
    }
}

static void parse_arguments(struct settings *settings, int count, char **arguments)
{
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        set(settings, option);
    if (optind < count)
        complain("what is", arguments[optind]);
}

/* ---- The run -------------------------------------------------------------------------
 */

static FILE *open_csv(const char *path)
{
    if (path == NULL)
        return NULL;
    FILE *csv = fopen(path, "we");
    if (csv != NULL)
        return csv;
    (void) fprintf(stderr, "bench: %s cannot be written: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

static void close_csv(FILE *csv, const char *path)
{
    if (csv == NULL || fclose(csv) == 0)
        return;
    (void) fprintf(stderr, "bench: %s was not written: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

static bool is_wanted(const struct settings *settings, size_t i)
{
    bool has_text = rows[i].text == NULL || rows[i].text->size > 0;
    bool possible = has_text && row_has_descriptors(&rows[i]);
    return possible && (!settings->any_chosen || settings->chosen[i]);
}

static size_t smaller(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* If the remaining doubt leaves it open whether a target is met, there are more rounds,
 * up to four times as many. */
static bool has_enough(const struct row *row, const struct costs *costs, size_t rounds)
{
    enum { MOST_TIMES = 4 };
    size_t most = smaller(MOST_TIMES * rounds, MOST_ROUNDS);
    return costs->rounds >= most ||
           (costs->rounds >= rounds && report_is_certain(row, costs));
}

/* Progress is printed for a person who waits. */
static void tell_progress(
    const struct row *row, size_t number, size_t count, const struct costs *costs)
{
    if (isatty(STDERR_FILENO))
        (void) fprintf(stderr, "\r\033[K[%zu of %zu] %s, round %zu\r", number, count,
            row->name, costs->rounds + 1);
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO))
        (void) fputs("\r\033[K", stderr);
}

static size_t count_wanted(const struct settings *settings)
{
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++)
        count += is_wanted(settings, i);
    return count;
}

/* One round is always made. */
static void run_row(
    const struct row *row, size_t rounds, double deadline, size_t number, size_t count)
{
    static struct costs costs;
    costs = (struct costs){0};
    do {
        tell_progress(row, number, count, &costs);
        harness_run(row, 1, &costs);
    } while (!has_enough(row, &costs, rounds) && now() < deadline);
    end_progress();
    report_row(row, &costs);
}

/* Each row may use an equal part of the time that is left. Time that one row does not
 * use goes to the others. */
static void run(const struct settings *settings)
{
    double end = now() + (double) settings->seconds;
    size_t count = count_wanted(settings);
    size_t number = 0;
    for (size_t i = 0; i < row_count; i++) {
        if (!is_wanted(settings, i))
            continue;
        double share = (end - now()) / (double) (count - number);
        run_row(&rows[i], settings->rounds, now() + share, ++number, count);
    }
}

int main(int count, char **arguments)
{
    struct settings settings = {
        .rounds = DEFAULT_ROUNDS,
        .seconds = DEFAULT_SECONDS,
        .data = DEFAULT_DATA,
    };
    settings.chosen = calloc(row_count, sizeof *settings.chosen);
    if (settings.chosen == NULL)
        return EXIT_FAILURE;
    parse_arguments(&settings, count, arguments);
    FILE *csv = open_csv(settings.csv);
    text_prepare(settings.data);
    report_begin(csv);
    (void) fflush(NULL); /* the rounds fork */
    run(&settings);
    report_end();
    close_csv(csv, settings.csv);
    free(settings.chosen);
    return EXIT_SUCCESS;
}
