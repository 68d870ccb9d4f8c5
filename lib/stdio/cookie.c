#include <config.h>

#include "stdio/cookie.h"

#include "base/call.h"
#include "filelike.h"
#include "base/mode.h"
#include "stdio/libc.h"
#include "stdio/registry.h"
#include "store/sequential.h"

#include <errno.h>
#include <stdio_ext.h>
#include <wchar.h>

/* Where the caller locks, we do not: a forked child's glibc makes the locks of streams
 * new, but not of these. */
static bool is_locked_by_caller(FILE *file)
{
    return __fsetlocking(file, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER;
}

/* ---- Callbacks -----------------------------------------------------------------------
 */

/* In memory a small read is cheaper than a large one, and what is in memory may move, so
 * its buffer is large: only a part is filled. */
static size_t worth_reading(struct stream *stream, const char *buffer, size_t size)
{
    enum { ENOUGH = 1024 };
    if (store_is_sequential(stream->store))
        return size;
    if (!store_can_move(stream->store))
        return libc_worth_reading(stream, buffer, size);
    return size == stream->buffer_size && size > ENOUGH ? ENOUGH : size;
}

static ssize_t read_callback(void *cookie, char *buffer, size_t size)
{
    struct call call = call_begin();
    return call_end(&call, stream_read(cookie, buffer, size));
}

static int write_and_prepare(struct stream *stream, const char *data, size_t size)
{
    bool after_seek = stream->sought;
    if (stream_write(stream, data, size) != 0)
        return -1;
    libc_after_write(stream, after_seek);
    return 0;
}

static ssize_t write_callback(void *cookie, const char *data, size_t size)
{
    /* musl asks for nothing, from NULL, after each flush. */
    if (size == 0)
        return 0;
    struct call call = call_begin();
    int status = write_and_prepare(cookie, data, size);
    return call_end(&call, status) == 0 ? (ssize_t) size : LIBC_WRITE_FAILED;
}

/* What is pending goes to the end: there ftell counts from, but musl does not know. */
static bool appends_pending(const struct stream *stream)
{
    return (stream->mode & MODE_APPEND) != 0 && __fpending(stream->file) > 0;
}

/* Where stdio is: what it has of read-ahead and pushed-back characters only it knows. At
 * exit glibc comes here without its lock, which another thread may have. */
static int64_t stdio_position(FILE *file)
{
    bool locking = libc_needs_lock(file);
    if (!is_locked_by_caller(file) && ftrylockfile(file) != 0)
        return -1;
    int64_t position = ftello(file);
    cookie_unlock(file, locking);
    return position;
}

/* Where stdio asks to go on its way to POSITION. */
static int64_t refill_position(FILE *file, int64_t position)
{
    size_t rounding = LIBC_SEEK_READS ? __fbufsize(file) - 1 : 0;
    return position & ~(int64_t) rounding;
}

/* Where bytes come in order, only a seek to where the stream is can succeed: that of
 * ftell, that of fflush, which gives read-ahead back, and the caller's own. */
static bool stays_in_order(struct stream *stream, int64_t offset, int whence)
{
    int64_t position = stream_tell(stream);
    if (whence == SEEK_CUR && offset == 0)
        return true;
    if ((stream->mode & MODE_READ) == 0)
        return offset == (whence == SEEK_SET ? position : 0);
    int64_t read = stdio_position(stream->file);
    if (whence == SEEK_SET)
        return offset == read || offset == refill_position(stream->file, read);
    return whence == SEEK_CUR && offset == read - position;
}

static int64_t seek_for_stdio(struct stream *stream, int64_t offset, int whence)
{
    if (whence == SEEK_CUR && appends_pending(stream))
        whence = SEEK_END;
    if (store_is_sequential(stream->store) && !stays_in_order(stream, offset, whence)) {
        errno = ESPIPE;
        return -1;
    }
    return stream_seek(stream, offset, whence);
}

static int seek_callback(void *cookie, libc_offset *offset, int whence)
{
    struct call call = call_begin();
    int64_t position = seek_for_stdio(cookie, *offset, whence);
    if (position != -1)
        *offset = position;
    libc_after_seek(cookie, whence, position != -1);
    return call_end(&call, position != -1 ? 0 : -1);
}

static int close_callback(void *cookie)
{
    struct call call = call_begin();
    return call_end(&call, stream_close(cookie));
}

static const cookie_io_functions_t callbacks = {
    .read = read_callback,
    .write = write_callback,
    .seek = seek_callback,
    .close = close_callback,
};

/* ---- Opening -------------------------------------------------------------------------
 */

size_t cookie_buffer_room(size_t size)
{
    return libc_buffer_room(size);
}

/* glibc seeks to a position with the bits of the buffer's size less one cleared, and
 * reads up to it. With one such bit alone that is the position itself, but for those that
 * have the bit. */
size_t cookie_buffer_in_order(size_t size)
{
    return LIBC_SEEK_READS ? SEQUENTIAL_BACK + 1 : size;
}

bool cookie_replaces_buffers(void)
{
    return libc_replaces_buffers();
}

int cookie_give_buffer(FILE *file, size_t size)
{
    return libc_give_buffer(file, size);
}

int cookie_open(struct stream *stream, unsigned flags)
{
    stream->worth_reading = worth_reading;
    FILE *file = fopencookie(stream, mode_text(stream->mode), callbacks);
    if (file == NULL)
        return -1;
    stream->file = file;
    libc_prepare(stream);
    if (flags & FILELIKE_UNLOCKED)
        cookie_stop_locking(file);
    return 0;
}

void cookie_stop_locking(FILE *file)
{
    (void) __fsetlocking(file, FSETLOCKING_BYCALLER);
    libc_forget_lock(file);
}

/* ---- Any FILE * ----------------------------------------------------------------------
 */

/* A later FILE may lie where that one was. */
struct stream *cookie_find(FILE *file)
{
    struct stream *stream = registry_find(file);
    if (stream == NULL || !libc_was_reopened(stream))
        return stream;
    registry_remove(stream);
    return NULL;
}

bool cookie_lock(FILE *file)
{
    bool locking = libc_needs_lock(file);
    if (!is_locked_by_caller(file))
        flockfile(file);
    return locking;
}

void cookie_unlock(FILE *file, bool locking)
{
    if (!is_locked_by_caller(file))
        funlockfile(file);
    /* flockfile may make glibc lock in every operation from then on. */
    if (!locking)
        libc_forget_lock(file);
}

void cookie_discard(FILE *file)
{
    KEEPING_ERRNO((void) fclose(file));
}

bool cookie_writable(FILE *file)
{
    return __fwritable(file) != 0;
}

int cookie_flush(FILE *file)
{
    return __fpending(file) > 0 ? fflush(file) : 0;
}

/* glibc crashes where fflush meets a pushed-back character, so a seek goes first; and
 * where a seek meets a wide one, but fflush copes with that. At the end of the file there
 * is none, and fflush alone keeps the indicator. */
int cookie_synchronize(FILE *file)
{
    if (cookie_flush(file) != 0)
        return -1;
    if (!feof(file) && fwide(file, 0) <= 0 && fseeko(file, 0, SEEK_CUR) != 0) {
        /* ungetc at position 0 leads to -1; to give it up leads back. */
        if (errno != EINVAL || fseeko(file, 0, SEEK_SET) != 0)
            return -1;
    }
    return fflush(file);
}

int cookie_rewind(FILE *file)
{
    if (fseeko(file, 0, SEEK_SET) != 0)
        return -1;
    return fflush(file);
}
