/* The content of a disk after its power was cut. */
#ifndef POWER_CUT_H
#define POWER_CUT_H

#include "disk.h"

struct power {
    struct disk *disk;
    size_t orders;        /* all before that number are on it for sure */
    char *flushed;        /* what is on it by these */
    bool *used;           /* whether a page of it can be anything but zero bytes */
    uint64_t whole_start; /* what is never torn: a position of the disk and bytes */
    size_t whole_size;
    uint64_t random;
};

/* For a DISK that has content, and was not started yet. False with errno. */
bool power_init(struct power *power, struct disk *disk, uint64_t seed);
void power_finish(struct power *power);

/* Makes the disk what a cut leaves of it when it has seen so many ORDERS. What it has
 * kept of those that were not flushed, for a message. The next cut may come after as many
 * orders, or more. */
const char *power_cut(struct power *power, size_t orders);

#endif
