/* Files that are replaced, created and persisted on a disk that records its orders, and
 * the check of these files after a power cut. */
#ifndef POWER_WORK_H
#define POWER_WORK_H

#include "disk.h"

struct work;

/* Works on files in DIRECTORY, which is on DISK, with several threads, in some hundred
 * steps. FLAGS go to filelike_atomic and filelike_persist. NULL if a call fails; a
 * message has told which. */
struct work *work_do(
    const struct disk *disk, const char *directory, uint64_t seed, unsigned flags);

void work_free(struct work *work);

/* Checks each file in DIRECTORY, on the disk after a cut at which it had seen ORDERS
 * orders. A file must be as it was last acknowledged, or a later version. If one is not,
 * WHY gets a text of at most SIZE bytes. */
bool work_is_there(const struct work *work, const char *directory, size_t orders,
    char why[], size_t size);

#endif
