#include <config.h>

#include "report.h"

#include <math.h>
#include <string.h>

/* ---- A verdict -----------------------------------------------------------------------
 *
 * The rounds are interleaved, so a disturbance affects both sides of a ratio. The ratio
 * is taken within each round, and the median of all rounds counts. If its doubt is this
 * large, and includes the target, there is no verdict. */
#define TOO_NOISY 0.05

/* There is no verdict either if other processes used so many processors meanwhile. Two
 * threads of one core share its resources, and not evenly. */
#define MUCH_FOREIGN 0.15

/* There is no verdict from fewer rounds than this: their quartiles mean nothing. */
enum { ENOUGH_ROUNDS = 5 };

enum verdict { NO_TARGET, OK, SHORT, NOISY, FEW, VERDICTS };

static const char *const verdicts[VERDICTS] = {[NO_TARGET] = "",
    [OK] = "ok",
    [SHORT] = "SHORT",
    [NOISY] = "noisy",
    [FEW] = "few rounds"};

static size_t counts[VERDICTS];

struct comparison {
    const struct row *row;
    enum kind subject;
    enum kind against;
    struct summary ratio; /* how many times as fast, or as small */
    double target;        /* 0: none */
    enum verdict verdict;
};

static struct summary compare_costs(
    const struct costs *costs, enum kind subject, enum kind against)
{
    double ratios[MOST_ROUNDS];
    for (size_t i = 0; i < costs->rounds; i++)
        ratios[i] = costs->of[against][i] / costs->of[subject][i];
    return summarize(ratios, costs->rounds);
}

static double foreign_processors(const struct costs *costs)
{
    return costs->foreign_time / costs->elapsed;
}

static bool is_disturbed(const struct row *row, const struct costs *costs)
{
    return row->unit != BYTES && foreign_processors(costs) > MUCH_FOREIGN;
}

/* Rounded to a hundredth, so that figure and verdict agree. */
static double as_printed(double ratio)
{
    return (double) (long long) (ratio * 100 + 0.5) / 100;
}

static bool is_in_doubt(const struct comparison *comparison)
{
    const struct summary *ratio = &comparison->ratio;
    return fabs(comparison->target / ratio->middle - 1) < ratio->doubt;
}

static enum verdict judge(const struct comparison *comparison, const struct costs *costs)
{
    const struct summary *ratio = &comparison->ratio;
    double target = comparison->target;
    if (target == 0)
        return NO_TARGET;
    if (costs->rounds < ENOUGH_ROUNDS)
        return FEW;
    if (is_disturbed(comparison->row, costs))
        return NOISY;
    if (ratio->doubt > TOO_NOISY && is_in_doubt(comparison))
        return NOISY;
    return as_printed(ratio->middle) >= target ? OK : SHORT;
}

/* The factor that TARGET asks for on this machine, where LIMIT may be slower than it. */
static double attainable(const struct target *target, const struct costs *costs)
{
    if (target->of_limit == 0)
        return target->factor;
    double limit = compare_costs(costs, LIMIT, target->against).middle;
    return as_printed(fmin(target->factor, target->of_limit * limit));
}

static struct comparison compare(
    const struct row *row, const struct costs *costs, const struct target *target)
{
    struct comparison comparison = {
        .row = row,
        .subject = target->subject,
        .against = target->against,
        .ratio = compare_costs(costs, target->subject, target->against),
        .target = attainable(target, costs),
    };
    comparison.verdict = judge(&comparison, costs);
    return comparison;
}

bool report_is_certain(const struct row *row, const struct costs *costs)
{
    for (const struct target *target = row->targets; target->factor != 0; target++) {
        struct comparison comparison = compare(row, costs, target);
        if (is_in_doubt(&comparison))
            return false;
    }
    return true;
}

/* ---- A line --------------------------------------------------------------------------
 */

static FILE *csv;

static double in_unit(enum unit unit, double cost)
{
    switch (unit) {
    case MEGABYTES_PER_SECOND:
        return 1e-6 / cost;
    case NANOSECONDS:
        return cost * 1e9;
    case MICROSECONDS:
        return cost * 1e6;
    default:
        return cost;
    }
}

static const char *const units[] = {
    [MEGABYTES_PER_SECOND] = "MB/s",
    [NANOSECONDS] = "ns",
    [MICROSECONDS] = "us",
    [BYTES] = "bytes",
};

/* Three digits, or all digits of a whole number. */
static int decimals(double value)
{
    if (value < 10)
        return 2;
    return value < 100 ? 1 : 0;
}

static void print_figure(const struct row *row, const struct costs *costs, enum kind kind)
{
    struct summary cost = summarize(costs->of[kind], costs->rounds);
    double figure = in_unit(row->unit, cost.middle);
    printf("%9.*f %-5s %3.0f%%", decimals(figure), figure, units[row->unit],
        cost.spread * 100);
}

/* The stream without locks, or LIMIT, or KINDS if the row has neither. */
static enum kind limit_of(const struct row *row)
{
    enum kind kind = MEMFD_UNLOCKED;
    while (kind < KINDS && !row_has_kind(row, kind))
        kind++;
    return kind;
}

/* If even the limit is short of a target, no stream can meet the target on this
 * machine. */
static void print_limit(const struct comparison *comparison, const struct costs *costs)
{
    enum kind limit = limit_of(comparison->row);
    if (limit == KINDS || limit == comparison->against)
        return;
    struct summary ratio = compare_costs(costs, limit, comparison->against);
    if (ratio.middle < comparison->target)
        printf(" (the limit: %.2fx)", ratio.middle);
}

static void print_verdict(const struct comparison *comparison, const struct costs *costs)
{
    if (comparison->verdict == NO_TARGET)
        return;
    printf("  >= %6.2fx  %s", comparison->target, verdicts[comparison->verdict]);
    if (comparison->verdict == SHORT)
        print_limit(comparison, costs);
}

static void print_comparison(
    const struct comparison *comparison, const struct costs *costs)
{
    const struct row *row = comparison->row;
    printf("  %-15s", row_kind_name(row, comparison->subject));
    print_figure(row, costs, comparison->subject);
    printf("   %-24s", row_kind_name(row, comparison->against));
    print_figure(row, costs, comparison->against);
    double ratio = comparison->ratio.middle;
    printf("%9.*fx", decimals(ratio), ratio);
    print_verdict(comparison, costs);
    putchar('\n');
}

static void write_figure(const struct row *row, const struct costs *costs, enum kind kind)
{
    struct summary cost = summarize(costs->of[kind], costs->rounds);
    (void) fprintf(csv, "\"%s\",%.6g,%.4g,", row_kind_name(row, kind),
        in_unit(row->unit, cost.middle), cost.spread);
}

static void write_comparison(
    const struct comparison *comparison, const struct costs *costs)
{
    const struct row *row = comparison->row;
    (void) fprintf(csv, "%s,\"%s\",%s,", row->name, row->work, units[row->unit]);
    write_figure(row, costs, comparison->subject);
    write_figure(row, costs, comparison->against);
    (void) fprintf(csv, "%.6g,", comparison->ratio.middle);
    if (comparison->target != 0)
        (void) fprintf(csv, "%.4g", comparison->target);
    (void) fprintf(csv, ",%s,%zu\n", verdicts[comparison->verdict], costs->rounds);
}

static void report_comparison(
    const struct row *row, const struct costs *costs, const struct target *target)
{
    struct comparison comparison = compare(row, costs, target);
    counts[comparison.verdict]++;
    print_comparison(&comparison, costs);
    if (csv != NULL)
        write_comparison(&comparison, costs);
}

/* ---- A row ---------------------------------------------------------------------------
 */

static bool is_ours(enum kind kind)
{
    return kind < OPEN_MEMSTREAM;
}

/* Its factor is 0 if the row has no target for the two. */
static struct target target_of(
    const struct row *row, enum kind subject, enum kind against)
{
    for (const struct target *target = row->targets; target->factor != 0; target++) {
        if (target->subject == subject && target->against == against)
            return *target;
    }
    return (struct target){.subject = subject, .against = against};
}

/* The first of the library's kinds is compared with every peer. The others are compared
 * with peers for which they have a target, or else with the first. */
static bool is_shown(enum kind first, const struct target *target)
{
    if (target->factor != 0)
        return true;
    if (target->subject == first)
        return !is_ours(target->against);
    return target->against == first;
}

static enum kind first_kind(const struct row *row)
{
    enum kind first = MEMORY;
    while (!row_has_kind(row, first))
        first++;
    return first;
}

static void report_subject(
    const struct row *row, const struct costs *costs, enum kind first, enum kind subject)
{
    for (enum kind against = MEMORY; against < KINDS; against++) {
        struct target target = target_of(row, subject, against);
        if (row_has_kind(row, against) && is_shown(first, &target))
            report_comparison(row, costs, &target);
    }
}

void report_row(const struct row *row, const struct costs *costs)
{
    enum kind first = first_kind(row);
    printf("%s: %s", row->name, row->work);
    if (is_disturbed(row, costs))
        printf(" (others used %.2f processors meanwhile)", foreign_processors(costs));
    putchar('\n');
    for (enum kind subject = MEMORY; is_ours(subject); subject++) {
        if (row_has_kind(row, subject))
            report_subject(row, costs, first, subject);
    }
    (void) fflush(stdout);
}

/* ---- The whole -----------------------------------------------------------------------
 */

void report_begin(FILE *figures)
{
    csv = figures;
    printf("%-17s%-19s    %-24s%-19s%10s  %s\n", "  stream", "  median  spread", "beside",
        "  median  spread", "times", "target");
    if (csv != NULL)
        (void) fputs("row,work,unit,stream,median,spread,beside,its_median,its_spread,"
                     "times_as_fast,target,verdict,rounds\n",
            csv);
}

void report_end(void)
{
    size_t targets = counts[OK] + counts[SHORT] + counts[NOISY] + counts[FEW];
    printf(
        "\n%zu targets: %zu ok, %zu SHORT, %zu noisy, %zu with too few rounds to tell\n",
        targets, counts[OK], counts[SHORT], counts[NOISY], counts[FEW]);
    if (counts[NOISY] > 0)
        printf(
            "noisy: the rounds differ too much to tell; run it again while the machine "
            "is quiet\n");
}
