#include <config.h>

#include "own.h"

#include "filelike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct own {
    char *bytes;
    size_t size;
    size_t room;
    off_t position; /* fopencookie's callbacks keep the position themselves */
};

/* ---- The store -----------------------------------------------------------------------
 */

struct own *own_create(void)
{
    return calloc(1, sizeof(struct own));
}

void own_free(struct own *own)
{
    if (own != NULL)
        free(own->bytes);
    free(own);
}

const char *own_bytes(const struct own *own, size_t *size)
{
    *size = own->size;
    return own->bytes;
}

static int make_room(struct own *own, size_t needed)
{
    enum { LEAST = 1024 };
    if (needed <= own->room)
        return 0;
    size_t room = own->room == 0 ? LEAST : own->room * 2;
    while (room < needed)
        room *= 2;
    char *bytes = realloc(own->bytes, room);
    if (bytes == NULL)
        return -1;
    own->bytes = bytes;
    own->room = room;
    return 0;
}

static int cut(struct own *own, size_t size)
{
    if (make_room(own, size) != 0)
        return -1;
    if (size > own->size)
        memset(own->bytes + own->size, 0, size - own->size);
    own->size = size;
    return 0;
}

static size_t get(const struct own *own, char *buffer, size_t size, size_t position)
{
    if (position >= own->size)
        return 0;
    size_t left = own->size - position;
    size_t count = size < left ? size : left;
    memcpy(buffer, own->bytes + position, count);
    return count;
}

static int put(struct own *own, const char *data, size_t size, size_t position)
{
    size_t end = position + size;
    if (make_room(own, end) != 0)
        return -1;
    if (position > own->size && cut(own, position) != 0)
        return -1;
    memcpy(own->bytes + position, data, size);
    if (end > own->size)
        own->size = end;
    return 0;
}

/* ---- Under filelike_custom -----------------------------------------------------------
 */

static ssize_t read_at(void *context, void *buffer, size_t size, int64_t position)
{
    return (ssize_t) get(context, buffer, size, (size_t) position);
}

static ssize_t write_at(void *context, const void *data, size_t size, int64_t position)
{
    return put(context, data, size, (size_t) position) == 0 ? (ssize_t) size : -1;
}

static int64_t tell_size(void *context)
{
    const struct own *own = context;
    return (int64_t) own->size;
}

static int truncate_to(void *context, int64_t size)
{
    return cut(context, (size_t) size);
}

FILE *own_open_custom(struct own *own)
{
    static const struct filelike_operations operations = {
        .read = read_at,
        .write = write_at,
        .size = tell_size,
        .truncate = truncate_to,
    };
    return filelike_custom(own, &operations, "w+", NULL);
}

/* ---- Under fopencookie ---------------------------------------------------------------
 */

static ssize_t read_on(void *cookie, char *buffer, size_t size)
{
    struct own *own = cookie;
    size_t count = get(own, buffer, size, (size_t) own->position);
    own->position += (off_t) count;
    return (ssize_t) count;
}

/* glibc takes 0 for a failure, musl takes -1. */
static ssize_t write_on(void *cookie, const char *data, size_t size)
{
#ifdef __GLIBC__
    enum { FAILED = 0 };
#else
    enum { FAILED = -1 };
#endif
    struct own *own = cookie;
    if (put(own, data, size, (size_t) own->position) != 0)
        return FAILED;
    own->position += (off_t) size;
    return (ssize_t) size;
}

#ifdef __GLIBC__
typedef off64_t cookie_offset;
#else
typedef off_t cookie_offset;
#endif

static int seek_to(void *cookie, cookie_offset *offset, int whence)
{
    struct own *own = cookie;
    cookie_offset base = 0;
    if (whence == SEEK_CUR)
        base = own->position;
    if (whence == SEEK_END)
        base = (cookie_offset) own->size;
    if (*offset < -base) {
        errno = EINVAL;
        return -1;
    }
    *offset += base;
    own->position = (off_t) *offset;
    return 0;
}

FILE *own_open_cookie(struct own *own)
{
    cookie_io_functions_t functions = {
        .read = read_on, .write = write_on, .seek = seek_to};
    return fopencookie(own, "w+", functions);
}
