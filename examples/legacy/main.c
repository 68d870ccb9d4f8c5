/* by_header, by_linker: a report that legacy code writes to a path, and reads from one,
 * without a file.
 *
 * usage: by_header [EXPORT-PATH [IMPORT-PATH]]
 *
 * Exports a report to EXPORT-PATH, shows what was written, and imports the report at
 * IMPORT-PATH. Without arguments both are memory:report, which lies in this process. Any
 * path will do, also atomic:PATH, which replaces a file whole or not at all.
 *
 * report.c, which opens these paths, is compiled as it is; its calls of fopen and remove
 * become those of the library, in by_header by -include filelike_stdio.h, in by_linker by
 * -Wl,--wrap=fopen,--wrap=remove and shim.c, which bounds what is kept in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "report.h"

#include <errno.h>
#include <filelike.h>
#include <stdlib.h>
#include <string.h>

static const struct report sold = {
    3, {{"apple", 12, 45}, {"pear", 3, 120}, {"plum, dried", 1, 1999}}};

static int show(const char *path)
{
    size_t size;
    FILE *file = filelike_fopen(path, "r");
    const void *text = file != NULL ? filelike_view(file, &size) : NULL;
    if (text == NULL) {
        fprintf(stderr,
            "%s: cannot be shown: %s\nGive the path of a file that may be read.\n", path,
            strerror(errno));
        return -1;
    }
    printf("%zu bytes at %s:\n", size, path);
    fwrite(text, 1, size, stdout);
    fclose(file);
    return 0;
}

static void print_total(const struct report *report)
{
    long cents = 0;
    for (size_t i = 0; i < report->sales; i++)
        cents += (long) report->sale[i].count * report->sale[i].cents;
    printf("imported: %zu sales, %ld.%02ld in all\n", report->sales, cents / 100,
        cents % 100);
}

int main(int count, char **arguments)
{
    const char *to = count > 1 ? arguments[1] : "memory:report";
    const char *from = count > 2 ? arguments[2] : to;
    struct report report;
    if (export_report(&sold, to) != 0 || show(to) != 0 ||
        import_report(&report, from) != 0)
        return EXIT_FAILURE;
    print_total(&report);
    return EXIT_SUCCESS;
}
