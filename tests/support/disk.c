#include <config.h>

#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MOST_ORDERS = 1 << 16,
    DATA_SIZE = 1 << 29, /* bytes of all writes */
    FILE_INODE = 2,      /* of the one file; 1 is the directory */
    PATH_ROOM = 64
};

#define FILE_NAME "disk"

struct disk_record {
    atomic_size_t count;
    size_t used;               /* of data */
    atomic_uint until_failure; /* writes up to the failing one; 0: none fails */
    struct disk_order orders[MOST_ORDERS];
    char data[DATA_SIZE];
};

/* ---- The server ----------------------------------------------------------------------
 */

/* The server has one thread. */
static bool write_fails(struct disk_record *record)
{
    unsigned left = atomic_load(&record->until_failure);
    if (left > 0)
        atomic_store(&record->until_failure, left - 1);
    return left == 1;
}

/* False where the record is full. */
static bool remember(
    struct disk_record *record, const char *bytes, size_t size, uint64_t position)
{
    size_t count = atomic_load(&record->count);
    if (count == MOST_ORDERS || size > DATA_SIZE - record->used)
        return false;
    record->orders[count] = (struct disk_order){position, size, record->used};
    if (size > 0)
        memcpy(record->data + record->used, bytes, size);
    record->used += size;
    atomic_store(&record->count, count + 1);
    return true;
}

static struct disk *served(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static struct stat status_of(const struct disk *disk, fuse_ino_t inode)
{
    struct stat status = {.st_ino = inode, .st_nlink = 1, .st_mode = S_IFDIR | S_IRWXU};
    if (inode == FILE_INODE) {
        status.st_mode = S_IFREG | S_IRUSR | S_IWUSR;
        status.st_size = (off_t) disk->size;
    }
    return status;
}

static void serve_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.ino = FILE_INODE};
    (void) parent;
    entry.attr = status_of(served(request), FILE_INODE);
    if (strcmp(name, FILE_NAME) == 0)
        (void) fuse_reply_entry(request, &entry);
    else
        (void) fuse_reply_err(request, ENOENT);
}

static void serve_getattr(
    fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void) file;
    struct stat status = status_of(served(request), inode);
    (void) fuse_reply_attr(request, &status, 0);
}

/* The kernel must not cache the writes, so that they arrive in the order in which they
 * were made. */
static void serve_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void) inode;
    file->direct_io = 1;
    (void) fuse_reply_open(request, file);
}

static size_t room_at(const struct disk *disk, off_t position, size_t size)
{
    size_t start = (size_t) position;
    size_t room = start < disk->size ? disk->size - start : 0;
    return size < room ? size : room;
}

static void serve_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t position,
    struct fuse_file_info *file)
{
    const struct disk *disk = served(request);
    (void) inode, (void) file;
    size = room_at(disk, position, size);
    (void) fuse_reply_buf(request, disk->image + position, size);
}

static void serve_write(fuse_req_t request, fuse_ino_t inode, const char *bytes,
    size_t size, off_t position, struct fuse_file_info *file)
{
    struct disk *disk = served(request);
    (void) inode, (void) file;
    size = room_at(disk, position, size);
    if (write_fails(disk->record) ||
        !remember(disk->record, bytes, size, (uint64_t) position)) {
        (void) fuse_reply_err(request, EIO);
        return;
    }
    memcpy(disk->image + position, bytes, size);
    (void) fuse_reply_write(request, size);
}

static void serve_fsync(
    fuse_req_t request, fuse_ino_t inode, int datasync, struct fuse_file_info *file)
{
    (void) inode, (void) datasync, (void) file;
    bool remembered = remember(served(request)->record, NULL, 0, 0);
    (void) fuse_reply_err(request, remembered ? 0 : EIO);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = serve_lookup,
    .getattr = serve_getattr,
    .open = serve_open,
    .read = serve_read,
    .write = serve_write,
    .fsync = serve_fsync,
};

/* ---- The disk ------------------------------------------------------------------------
 */

static void *share(size_t size, int file)
{
    int flags = MAP_SHARED | MAP_NORESERVE | (file == -1 ? MAP_ANONYMOUS : 0);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

bool disk_create(struct disk *disk, size_t size)
{
    *disk = (struct disk){.server.process = -1, .size = size};
    disk->image_file = memfd_create(FILE_NAME, MFD_CLOEXEC);
    if (disk->image_file == -1)
        return false;
    if (ftruncate(disk->image_file, (off_t) size) == 0) {
        disk->image = share(size, disk->image_file);
        disk->record = share(sizeof *disk->record, -1);
    }
    if (disk->image != NULL && disk->record != NULL)
        return true;
    disk_destroy(disk);
    return false;
}

void disk_destroy(struct disk *disk)
{
    int saved = errno;
    disk_stop(disk);
    if (disk->image != NULL)
        (void) munmap(disk->image, disk->size);
    if (disk->record != NULL)
        (void) munmap(disk->record, sizeof *disk->record);
    (void) close(disk->image_file);
    errno = saved;
}

const char *disk_path(const struct disk *disk)
{
    static char path[PATH_ROOM];
    (void) snprintf(
        path, sizeof path, "/proc/%ld/fd/%d", (long) getpid(), disk->image_file);
    return path;
}

bool disk_start(struct disk *disk, const char *directory, unsigned limit)
{
    return fuse_server_start(&disk->server, directory, &operations, disk, limit);
}

void disk_stop(struct disk *disk)
{
    fuse_server_stop(&disk->server);
}

int disk_attach(const struct disk *disk, char device[LOOP_PATH_SIZE])
{
    char path[PATH_ROOM];
    (void) snprintf(path, sizeof path, "%s/" FILE_NAME, disk->server.directory);
    return loop_attach(path, device);
}

/* ---- The record ----------------------------------------------------------------------
 */

size_t disk_orders(const struct disk *disk)
{
    return atomic_load(&disk->record->count);
}

const struct disk_order *disk_order(const struct disk *disk, size_t number)
{
    return &disk->record->orders[number];
}

const char *disk_data(const struct disk *disk, const struct disk_order *order)
{
    return disk->record->data + order->data;
}

void disk_forget(struct disk *disk, size_t count)
{
    struct disk_record *record = disk->record;
    if (count < atomic_load(&record->count))
        record->used = record->orders[count].data;
    atomic_store(&record->count, count);
}

void disk_fail_write(struct disk *disk, unsigned others)
{
    atomic_store(&disk->record->until_failure, others + 1);
}

bool disk_has_failed(struct disk *disk)
{
    return atomic_exchange(&disk->record->until_failure, 0) == 0;
}
