#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADING "product;count;price\n"

static int fail(const char *path, const char *what, const char *remedy)
{
    fprintf(stderr, "%s: %s: %s\n%s\n", path, what, strerror(errno), remedy);
    return -1;
}

static int fail_at(const char *path, size_t line, const char *reason)
{
    fprintf(stderr, "%s:%zu: %s\n", path, line, reason);
    return -1;
}

/* ---- Writing -------------------------------------------------------------------------
 */

static void write_sales(const struct report *report, FILE *file)
{
    fputs(HEADING, file);
    for (size_t i = 0; i < report->sales; i++) {
        const struct sale *sale = &report->sale[i];
        fprintf(file, "%s;%d;%d.%02d\n", sale->product, sale->count, sale->cents / 100,
            sale->cents % 100);
    }
}

int export_report(const struct report *report, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return fail(path, "cannot be written", "Name another path.");
    write_sales(report, file);
    int failed = ferror(file);
    if (fclose(file) == 0 && !failed)
        return 0;
    int status = fail(path, "is not complete, and removed", "Make room for it.");
    remove(path);
    return status;
}

/* ---- Reading -------------------------------------------------------------------------
 */

static int parse_sale(const char *line, struct sale *sale)
{
    int units, tenths, hundredths, length = 0;
    int fields = sscanf(line, "%31[^;];%d;%d.%1d%1d\n%n", sale->product, &sale->count,
        &units, &tenths, &hundredths, &length);
    if (fields != 5 || line[length] != '\0')
        return -1;
    sale->cents = units * 100 + tenths * 10 + hundredths;
    return 0;
}

static int read_sales(struct report *report, FILE *file, const char *path)
{
    char line[256];
    report->sales = 0;
    if (fgets(line, sizeof line, file) == NULL || strcmp(line, HEADING) != 0)
        return fail_at(path, 1, "is no report: begin it with product;count;price");
    while (fgets(line, sizeof line, file) != NULL) {
        if (report->sales == MOST_SALES)
            return fail_at(path, MOST_SALES + 2, "too many sales: split the report");
        if (parse_sale(line, &report->sale[report->sales]) != 0)
            return fail_at(
                path, report->sales + 2, "is not PRODUCT;COUNT;PRICE: mend it");
        report->sales++;
    }
    return ferror(file) ? fail(path, "cannot be read", "Export it again.") : 0;
}

int import_report(struct report *report, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return fail(path, "cannot be read", "Name a report that is there.");
    int status = read_sales(report, file, path);
    fclose(file);
    return status;
}
