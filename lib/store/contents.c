#include <config.h>

#include "store/contents.h"

#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- To memory ------------------------------------------------------------------- */

/* Allocates SIZE bytes and one more for the '\0'. SIZE -1 is a failure of before. */
static char *allocate_content(int64_t size)
{
    if (size == -1)
        return NULL;
    if (size >= PTRDIFF_MAX)
        return call_fail_pointer(ENOMEM);
    return malloc((size_t) size + 1);
}

/* Reads SIZE bytes, or fewer if the store ends before. Returns their number, or -1. */
static ssize_t read_from_start(struct store *store, char *block, size_t size)
{
    size_t total = 0;
    ssize_t count = 1;
    while (total < size && count > 0) {
        count = store_read(store, block + total, size - total, (int64_t) total);
        if (count > 0)
            total += (size_t) count;
    }
    return count == -1 ? -1 : (ssize_t) total;
}

char *contents_to_block(struct store *store, size_t *size)
{
    int64_t expected = store_size(store);
    char *block = allocate_content(expected);
    if (block == NULL)
        return NULL;
    ssize_t total = read_from_start(store, block, (size_t) expected);
    if (total == -1) {
        call_free(block);
        return NULL;
    }
    block[total] = '\0';
    *size = (size_t) total;
    return block;
}

/* ---- To a file ------------------------------------------------------------------- */

static bool is_zero(const char *piece, size_t size)
{
    return piece[0] == '\0' && memcmp(piece, piece + 1, size - 1) == 0;
}

/* Pieces of zero bytes are not written, so that holes stay holes. */
static int write_piece(int target, const char *piece, size_t size, int64_t position)
{
    size_t written;
    if (is_zero(piece, size))
        return 0;
    return descriptor_pwrite(target, piece, size, position, &written);
}

int contents_to_file(struct store *store, int target)
{
    enum { COPIED_AT_ONCE = 16384 }; /* bytes */
    char piece[COPIED_AT_ONCE];
    int64_t position = 0;
    ssize_t count;
    while ((count = store_read(store, piece, sizeof piece, position)) > 0) {
        if (write_piece(target, piece, (size_t) count, position) != 0)
            return -1;
        position += count;
    }
    return count == -1 ? -1 : descriptor_truncate(target, position);
}
