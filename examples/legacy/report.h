/* Reports of sales, in files. The code opens the files by path itself, as it did long
 * before streams in memory. */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>

enum { MOST_SALES = 100, NAME_ROOM = 32 };

struct sale {
    char product[NAME_ROOM]; /* without a ';' */
    int count;
    int cents; /* for one */
};

struct report {
    size_t sales;
    struct sale sale[MOST_SALES];
};

/* Each returns 0, or -1 after a message on stderr. */
int export_report(const struct report *report, const char *path);
int import_report(struct report *report, const char *path);

#endif
