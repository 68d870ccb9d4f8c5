#include <config.h>

#include "power_cut.h"

#include "random.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SECTOR = 512, /* bytes that a disk stores whole or not at all */
    PAGE = 4096   /* bytes that are looked at at once */
};

static size_t pages_of(const struct disk *disk)
{
    return (disk->size + PAGE - 1) / PAGE;
}

/* ---- What is there for sure ----------------------------------------------------------
 */

/* The image is sparse: a page within a hole was never written, so it is not in use. */
static void find_used(struct power *power)
{
    off_t end = 0;
    off_t start;
    while ((start = lseek(power->disk->image_file, end, SEEK_DATA)) != -1) {
        end = lseek(power->disk->image_file, start, SEEK_HOLE);
        for (off_t i = start / PAGE; i * PAGE < end; i++)
            power->used[i] = true;
    }
}

/* Pages that differ are copied. */
static void copy_used(const struct power *power, char *to, const char *from)
{
    size_t count = pages_of(power->disk);
    for (size_t i = 0; i < count; i++) {
        if (power->used[i] && memcmp(to + i * PAGE, from + i * PAGE, PAGE) != 0)
            memcpy(to + i * PAGE, from + i * PAGE, PAGE);
    }
}

bool power_init(struct power *power, struct disk *disk, uint64_t seed)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    *power = (struct power){.disk = disk, .random = seed};
    power->used = calloc(pages_of(disk), sizeof *power->used);
    if (power->used == NULL)
        return false;
    power->flushed = mmap(NULL, disk->size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (power->flushed == MAP_FAILED) {
        free(power->used);
        return false;
    }
    find_used(power);
    copy_used(power, power->flushed, disk->image);
    return true;
}

void power_finish(struct power *power)
{
    (void) munmap(power->flushed, power->disk->size);
    free(power->used);
}

/* The number of the orders up to the last flush among the first ORDERS. */
static size_t flushed_orders(const struct power *power, size_t orders)
{
    while (orders > power->orders && disk_order(power->disk, orders - 1)->size > 0)
        orders--;
    return orders;
}

static void flush(struct power *power, size_t orders)
{
    for (size_t i = power->orders; i < orders; i++) {
        const struct disk_order *order = disk_order(power->disk, i);
        const char *data = disk_data(power->disk, order);
        memcpy(power->flushed + order->position, data, order->size);
    }
    power->orders = orders;
}

/* The disk, whatever was done to it since, is as flushed. */
static void restore(struct power *power)
{
    find_used(power);
    copy_used(power, power->disk->image, power->flushed);
}

/* ---- What was not --------------------------------------------------------------------
 *
 * Each function answers whether the disk has stored the sector at OFFSET of order INDEX,
 * out of COUNT orders. Several orders may write one sector. Then the sector holds the
 * last of them that was stored, or its old bytes if none was.
 */

struct pending {
    uint64_t *random;
    size_t count;
    size_t chosen; /* of them */
    size_t cut;    /* sector of that */
    bool kept;     /* all of the one that is asked for */
};

static bool keep_nothing(const struct pending *pending, size_t index, size_t sector)
{
    (void) pending, (void) index, (void) sector;
    return false;
}

static bool keep_all(const struct pending *pending, size_t index, size_t sector)
{
    (void) pending, (void) index, (void) sector;
    return true;
}

/* The orders are stored as they came, up to the middle of one. */
static bool keep_first(const struct pending *pending, size_t index, size_t sector)
{
    return index < pending->chosen || (index == pending->chosen && sector < pending->cut);
}

static bool keep_all_but_one(const struct pending *pending, size_t index, size_t sector)
{
    (void) sector;
    return index != pending->chosen;
}

static bool keep_one(const struct pending *pending, size_t index, size_t sector)
{
    (void) sector;
    return index == pending->chosen;
}

static bool keep_some(const struct pending *pending, size_t index, size_t sector)
{
    (void) index, (void) sector;
    return pending->kept;
}

static bool keep_some_sectors(const struct pending *pending, size_t index, size_t sector)
{
    (void) index, (void) sector;
    return random_below(pending->random, 2) == 0;
}

static const struct survival {
    const char *name;
    bool (*keeps)(const struct pending *pending, size_t index, size_t sector);
} survivals[] = {
    {"nothing", keep_nothing},
    {"all", keep_all},
    {"the first", keep_first},
    {"all but one", keep_all_but_one},
    {"one", keep_one},
    {"some", keep_some},
    {"some sectors", keep_some_sectors},
};

/* The end of the piece at POSITION of the disk. A piece is stored whole or not at all:
 * one sector, or the range that is never torn. */
static uint64_t piece_end(const struct power *power, uint64_t position)
{
    uint64_t end = power->whole_start + power->whole_size;
    bool is_whole = position >= power->whole_start && position < end;
    return is_whole ? end : position + SECTOR;
}

static void keep_pieces(struct power *power, const struct survival *survival,
    const struct pending *pending, size_t index)
{
    const struct disk_order *order = disk_order(power->disk, power->orders + index);
    const char *data = disk_data(power->disk, order);
    uint64_t end;
    for (uint64_t i = order->position; i < order->position + order->size; i = end) {
        end = piece_end(power, i);
        if (end > order->position + order->size)
            end = order->position + order->size;
        if (survival->keeps(pending, index, (i - order->position) / SECTOR))
            memcpy(power->disk->image + i, data + (i - order->position), end - i);
    }
}

const char *power_cut(struct power *power, size_t orders)
{
    enum { SURVIVALS = sizeof survivals / sizeof *survivals };
    uint64_t *random = &power->random;
    flush(power, flushed_orders(power, orders));
    restore(power);
    struct pending pending = {.random = random, .count = orders - power->orders};
    if (pending.count == 0)
        return "everything was flushed";
    const struct survival *survival = &survivals[random_below(random, SURVIVALS)];
    pending.chosen = random_below(random, pending.count);
    size_t size = disk_order(power->disk, power->orders + pending.chosen)->size;
    pending.cut = random_below(random, size / SECTOR + 1);
    for (size_t i = 0; i < pending.count; i++) {
        pending.kept = random_below(random, 2) == 0;
        keep_pieces(power, survival, &pending, i);
    }
    return survival->name;
}
