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
    int map;          /* the source opened again: SEEK_HOLE moves the offset; or -1 */
    bool has_holes;   /* the file takes less on the disk than its size */
    int64_t position; /* all bytes before are copied */
    int64_t stored;   /* the size of the target so far */
};

/* ---- Bytes ----------------------------------------------------------------------- */

static int64_t smaller(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* Lets the kernel copy up to END, or less. It stops for many reasons: another filesystem,
 * an old kernel, the end of the file, a sandbox. The rest is then read and written, which
 * reports the true error. */
static void copy_in_kernel(struct copy *copy, int64_t end)
{
    enum { CHUNK = 1 << 30 };
    off_t from = copy->position;
    off_t to = copy->position;
    ssize_t count = 1;
    while (from < end && count > 0) {
        size_t size = (size_t) smaller(CHUNK, end - from);
        count = RETRY(copy_file_range(copy->source, &from, copy->target, &to, size, 0));
    }
    if (from > copy->position)
        copy->position = copy->stored = from;
}

static bool is_all_zero(const char *bytes, size_t size)
{
    return bytes[0] == '\0' && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Copies the next bytes, at most up to END. Their number, 0 at end-of-file, or -1. */
static ssize_t copy_next_block(struct copy *copy, int64_t end)
{
    enum { BLOCK_SIZE = 16384 };
    char block[BLOCK_SIZE];
    size_t written;
    size_t size = (size_t) smaller(sizeof block, end - copy->position);
    ssize_t count = descriptor_pread(copy->source, block, size, copy->position);
    if (count <= 0)
        return count;
    int64_t end_of_block = copy->position + count;
    if (!copy->has_holes || !is_all_zero(block, (size_t) count)) {
        if (descriptor_pwrite(
                copy->target, block, (size_t) count, copy->position, &written) != 0)
            return -1;
        copy->stored = end_of_block;
    }
    copy->position = end_of_block;
    return count;
}

/* 1 if END is reached, 0 if the file has ended before, or -1. */
static int copy_piece(struct copy *copy, int64_t end)
{
    ssize_t count = 1;
    /* copy_file_range would fill holes with zeros. */
    if (copy->map != -1 || !copy->has_holes)
        copy_in_kernel(copy, end);
    while (copy->position < end && count > 0)
        count = copy_next_block(copy, end);
    return count > 0 ? 1 : (int) count;
}

/* ---- Holes ----------------------------------------------------------------------- */

/* Moves the position to the next data, and returns their end. If the kernel does not tell
 * where holes are, all is data. INT64_MAX is also the end of data that another process
 * may append after the last hole. */
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

/* ---- A whole file ---------------------------------------------------------------- */

static bool is_sparse(const struct stat *status)
{
    enum { BLOCK_SIZE = 512 }; /* bytes, of st_blocks */
    return status->st_blocks < status->st_size / BLOCK_SIZE;
}

int copy_file(int source, int target)
{
    struct stat status;
    if (RETRY(fstat(source, &status)) != 0)
        return -1;
    struct copy copy = {source, target, -1, is_sparse(&status), 0, 0};
    if (copy.has_holes)
        copy.map = descriptor_open_again(source, O_RDONLY);
    int result = copy_pieces(&copy);
    descriptor_close(copy.map);
    return result;
}
