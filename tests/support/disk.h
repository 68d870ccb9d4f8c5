/* A disk that remembers each write and each flush, for a filesystem to be mounted on. */
#ifndef DISK_H
#define DISK_H

#include "fuse_server.h"
#include "loop.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A write of SIZE bytes, or a flush of all writes before if SIZE is 0. */
struct disk_order {
    uint64_t position; /* on the disk */
    size_t size;       /* bytes */
    size_t data;       /* their position in the record's bytes */
};

/* Memory that the test and the server share. */
struct disk_record;

struct disk {
    struct fuse_server server;
    struct disk_record *record;
    char *image; /* the content of the disk; shared, too */
    size_t size;
    int image_file;
};

/* Creates an empty disk of SIZE bytes, which lasts as long as the test. False with errno.
 */
bool disk_create(struct disk *disk, size_t size);
void disk_destroy(struct disk *disk);

/* A path by which other programs, above all mkfs, use the disk. Their writes are not
 * recorded. */
const char *disk_path(const struct disk *disk);

/* Serves the disk as a file in DIRECTORY, for LIMIT seconds at most. False with errno. */
bool disk_start(struct disk *disk, const char *directory, unsigned limit);
void disk_stop(struct disk *disk);

/* The functions of a block device: see loop_attach. */
int disk_attach(const struct disk *disk, char device[LOOP_PATH_SIZE]);

/* The number of orders so far, one of them, and the bytes that it writes. */
size_t disk_orders(const struct disk *disk);
const struct disk_order *disk_order(const struct disk *disk, size_t number);
const char *disk_data(const struct disk *disk, const struct disk_order *order);

/* Forgets all orders but the first COUNT. */
void disk_forget(struct disk *disk, size_t count);

/* Makes one write fail with EIO, after OTHERS more writes that work. */
void disk_fail_write(struct disk *disk, unsigned others);

/* Whether that write has failed. If it has not, it will not fail any more. */
bool disk_has_failed(struct disk *disk);

#endif
