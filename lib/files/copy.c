#include <config.h>

#include "files/copy.h"

#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    int source;
    int target;
    int map;        /* opened again to look for holes, as that moves its offset; or -1 */
    bool has_holes; /* by what it takes on the disk */
    int64_t position; /* up to here all is done */
    int64_t stored;   /* up to here the target's file goes */
};

/* ---- Bytes ---------------------------------------------------------------------------
 */

static int64_t least(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* As far as the kernel goes towards END. Whatever stopped it (another filesystem, an old
 * kernel, the end of the file, what it is not allowed to here), the rest is read and
 * written, and the true reason shows. */
static void copy_in_kernel(struct copy *copy, int64_t end)
{
    enum { CHUNK = 1 << 30 };
    off_t from = copy->position;
    off_t to = copy->position;
    ssize_t count = 1;
    while (from < end && count > 0) {
        size_t size = (size_t) least(CHUNK, end - from);
        count = RETRY(copy_file_range(copy->source, &from, copy->target, &to, size, 0));
    }
    if (from > copy->position)
        copy->position = copy->stored = from;
}

static bool is_all_zero(const char *bytes, size_t size)
{
    return bytes[0] == '\0' && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* The next bytes, END being no farther than the end of the piece. How many, or -1. */
static ssize_t copy_next_block(struct copy *copy, int64_t end)
{
    enum { BLOCK_SIZE = 16384 };
    char block[BLOCK_SIZE];
    size_t written;
    size_t size = (size_t) least(sizeof block, end - copy->position);
    ssize_t count = descriptor_pread(copy->source, block, size, copy->position);
    if (count <= 0)
        return count;
    int64_t behind = copy->position + count;
    if (!copy->has_holes || !is_all_zero(block, (size_t) count)) {
        if (descriptor_pwrite(
                copy->target, block, (size_t) count, copy->position, &written) != 0)
            return -1;
        copy->stored = behind;
    }
    copy->position = behind;
    return count;
}

/* 1 where END is reached, 0 where the file has ended before, or -1. */
static int copy_piece(struct copy *copy, int64_t end)
{
    ssize_t count = 1;
    /* The kernel does not look out for holes itself. */
    if (copy->map != -1 || !copy->has_holes)
        copy_in_kernel(copy, end);
    while (copy->position < end && count > 0)
        count = copy_next_block(copy, end);
    return count > 0 ? 1 : (int) count;
}

/* ---- Holes ---------------------------------------------------------------------------
 */

/* Goes to the next data; returns where they end. Where nobody tells of holes all is data,
 * and so is what may follow behind the last hole. */
static int64_t find_data(struct copy *copy)
{
    if (copy->map == -1)
        return INT64_MAX;
    int64_t end = INT64_MAX;
    off_t start = lseek(copy->map, copy->position, SEEK_DATA);
    if (start == -1 && errno == ENXIO)
        start = descriptor_size(copy->source);
    else if (start != -1)
        end = lseek(copy->map, start, SEEK_HOLE);
    if (start == -1 || end == -1) {
        descriptor_close(copy->map);
        copy->map = -1;
        return INT64_MAX;
    }
    if (start > copy->position)
        copy->position = start;
    return end;
}

static int copy_pieces(struct copy *copy)
{
    int status;
    do
        status = copy_piece(copy, find_data(copy));
    while (status == 1);
    if (status == 0 && copy->stored < copy->position)
        status = descriptor_truncate(copy->target, copy->position);
    return status;
}

/* ---- A whole file --------------------------------------------------------------------
 */

static bool takes_less_than_its_size(const struct stat *status)
{
    enum { BLOCK_SIZE = 512 }; /* bytes, of st_blocks */
    return status->st_blocks < status->st_size / BLOCK_SIZE;
}

/* A file is truncated only where it has to be: ext4 takes that for the beginning of a
 * replacement, and writes it to disk as soon as it is closed. */
static int make_empty(int target)
{
    int64_t size = descriptor_size(target);
    if (size == -1)
        return -1;
    return size == 0 ? 0 : descriptor_truncate(target, 0);
}

int copy_file(int source, int target)
{
    struct stat status;
    if (RETRY(fstat(source, &status)) != 0 || make_empty(target) != 0)
        return -1;
    struct copy copy = {source, target, -1, takes_less_than_its_size(&status), 0, 0};
    if (copy.has_holes)
        copy.map = descriptor_open_again(source, O_RDONLY);
    int result = copy_pieces(&copy);
    descriptor_close(copy.map);
    return result;
}
