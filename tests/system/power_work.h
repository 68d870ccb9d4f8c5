/* Files that are replaced, created and persisted on a disk that remembers, and what may
 * be found of them after a power cut. */
#ifndef POWER_WORK_H
#define POWER_WORK_H

#include "disk.h"

struct work;

/* Works on files in DIRECTORY, which is on DISK, with several threads, some hundred steps
 * in all. FLAGS go to filelike_atomic and filelike_persist. NULL where a call fails,
 * which has been said then. */
struct work *work_do(
    const struct disk *disk, const char *directory, uint64_t seed, unsigned flags);

void work_free(struct work *work);

/* Whether each file in DIRECTORY, on the disk after a cut that let it see no more than
 * its first ORDERS, is as it was acknowledged last, or as it was to become after that.
 * Where one is not: WHY, a text of at most SIZE bytes. */
bool work_is_there(const struct work *work, const char *directory, size_t orders,
    char why[], size_t size);

#endif
