/* The content of a disk after a power cut. */
#ifndef POWER_CUT_H
#define POWER_CUT_H

#include "disk.h"

struct power {
    struct disk *disk;
    size_t orders;        /* all orders before this number are on the disk */
    char *flushed;        /* the content of the disk after these orders */
    bool *used;           /* whether a page may hold other bytes than zeros */
    uint64_t whole_start; /* where the range starts that is never torn */
    size_t whole_size;
    uint64_t random;
};

/* DISK has content, and has not been started yet. False with errno. */
bool power_init(struct power *power, struct disk *disk, uint64_t seed);
void power_finish(struct power *power);

/* Gives the disk the content that a power cut leaves after ORDERS orders. Returns, for a
 * message, which of the unflushed orders it has kept. The next cut may not come after
 * fewer orders. */
const char *power_cut(struct power *power, size_t orders);

#endif
