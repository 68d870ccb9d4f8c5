/* A disk that remembers each write and each flush, for a filesystem to be mounted on. */
#ifndef DISK_H
#define DISK_H

#include "fuse_server.h"
#include "loop.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* An order to the disk: SIZE bytes are written, or (0) all before it is flushed. */
struct disk_order {
    uint64_t position; /* of the disk */
    size_t size;       /* bytes */
    size_t data;       /* where they are in the record's bytes */
};

/* Memory that the test and the server share. */
struct disk_record;

struct disk {
    struct fuse_server server;
    struct disk_record *record;
    char *image; /* what is on the disk; shared, too */
    size_t size;
    int image_file;
};

/* A disk of SIZE bytes with nothing on it, as long as the test runs. False with errno. */
bool disk_create(struct disk *disk, size_t size);
void disk_destroy(struct disk *disk);

/* A path that gives the disk's bytes to other programs, mkfs above all; they remember
 * nothing. */
const char *disk_path(const struct disk *disk);

/* Serves it as a file in DIRECTORY, for LIMIT seconds at most. False with errno. */
bool disk_start(struct disk *disk, const char *directory, unsigned limit);
void disk_stop(struct disk *disk);

/* The functions of a block device: see loop_attach. */
int disk_attach(const struct disk *disk, char device[LOOP_PATH_SIZE]);

/* The number of orders so far, and those themselves. */
size_t disk_orders(const struct disk *disk);
const struct disk_order *disk_order(const struct disk *disk, size_t number);
const char *disk_data(const struct disk *disk, const struct disk_order *order);

/* Forgets all orders but the first COUNT. */
void disk_forget(struct disk *disk, size_t count);

/* Lets one write fail, with EIO: the next one that comes after so many others. */
void disk_fail_write(struct disk *disk, unsigned others);

/* Whether it has, or will not any more. */
bool disk_has_failed(struct disk *disk);

#endif
