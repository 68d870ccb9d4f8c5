#include <config.h>

#include "stdio/cookie.h"

#include "base/call.h"
#include "base/mode.h"
#include "filelike.h"
#include "stdio/any_stream.h"
#include "stdio/libc.h"
#include "store/sequential.h"

#include <errno.h>
#include <stdio_ext.h>

/* Each callback holds cancellation where its store, under its lock, or its close action
 * makes system calls. */

/* ---- Reading and writing --------------------------------------------------------- */

static ssize_t read_callback(void *cookie, char *buffer, size_t size)
{
    struct call call = call_begin_without_hold();
    return call_end(&call, stream_read(cookie, buffer, size));
}

static int write_for_stdio(struct stream *stream, const char *data, size_t size)
{
    bool after_seek = stream->sought_last;
    if (stream_write(stream, data, size) != 0)
        return -1;
    libc_after_write(stream, after_seek);
    return 0;
}

static ssize_t write_callback(void *cookie, const char *data, size_t size)
{
    if (LIBC_WRITES_NOTHING && size == 0)
        return 0;
    struct call call = call_begin_without_hold();
    int status = write_for_stdio(cookie, data, size);
    return call_end(&call, status) == 0 ? (ssize_t) size : LIBC_WRITE_FAILED;
}

/* ---- Seeking --------------------------------------------------------------------- */

/* glibc has not locked FILE at exit, so another thread may hold the lock: -1 then. */
static int64_t position_if_unlocked(FILE *file)
{
    bool locking;
    if (!any_stream_try_lock(file, &locking))
        return -1;
    int64_t position = ftello(file);
    any_stream_unlock(file, locking);
    return position;
}

/* The position of the program: only stdio knows how much it has read ahead, and which
 * characters were pushed back. musl has locked FILE, but does not count that, so to lock
 * and unlock it here would unlock it for the rest of the call. */
static int64_t program_position(FILE *file)
{
    return LIBC_SEEKS_WITHOUT_LOCK ? position_if_unlocked(file) : ftello(file);
}

/* The position that stdio seeks to in order to get to POSITION. */
static int64_t refill_position(FILE *file, int64_t position)
{
    size_t rounding = LIBC_SEEK_FILLS_BUFFER ? __fbufsize(file) - 1 : 0;
    return position & ~(int64_t) rounding;
}

/* A sequential store cannot seek. So only a seek to where the program is succeeds: that
 * of ftell, that of fflush, which gives back what was read ahead, and the program's own.
 * It fails, too, if the store has not kept enough, as in a large buffer of the program's,
 * which stdio wants to fill again. STREAM notes where the program is. glibc gives up
 * pushed-back characters that differ from those read before it seeks, so it seems to go
 * back by them, and that fails. */
static bool keeps_position(struct stream *stream, int64_t offset, int whence)
{
    int64_t position = stream_tell(stream);
    if (whence == SEEK_CUR && offset == 0)
        return true;
    if ((stream->mode & MODE_READ) == 0)
        return offset == (whence == SEEK_SET ? position : 0);
    int64_t read = program_position(stream->file);
    stream->program_position = read;
    if (whence == SEEK_CUR)
        return offset == read - position;
    bool stays = offset == read || offset == refill_position(stream->file, read);
    return whence == SEEK_SET && stays && sequential_reaches(stream->store, offset);
}

/* A seek that stdio went on with, as it did not get as far by reading, was none to where
 * the program is. Until now it looked like that, and the buffer was filled anew. */
static int64_t give_up_seek(struct stream *stream)
{
    libc_empty_buffer(stream->file);
    (void) stream_seek(stream, stream->program_position, SEEK_SET);
    return call_fail(ESPIPE);
}

static int64_t seek_sequential(struct stream *stream, int64_t offset, int whence)
{
    if (libc_seek_is_under_way(stream))
        return give_up_seek(stream);
    if (!keeps_position(stream, offset, whence))
        return call_fail(ESPIPE);
    return stream_seek(stream, offset, whence);
}

/* In append mode pending output will be written at the end. */
static int64_t seek_for_stdio(struct stream *stream, int64_t offset, int whence)
{
    if (LIBC_TELLS_FROM_CURRENT && whence == SEEK_CUR &&
        (stream->mode & MODE_APPEND) != 0 && __fpending(stream->file) > 0)
        whence = SEEK_END;
    if (store_is_sequential(stream->store))
        return seek_sequential(stream, offset, whence);
    return stream_seek(stream, offset, whence);
}

static int seek_callback(void *cookie, libc_offset *offset, int whence)
{
    struct call call = call_begin_without_hold();
    int64_t position = seek_for_stdio(cookie, *offset, whence);
    if (position != -1)
        *offset = position;
    libc_after_seek(cookie, whence, position != -1);
    return call_end(&call, position != -1 ? 0 : -1);
}

/* ---- Opening and closing --------------------------------------------------------- */

static int close_callback(void *cookie)
{
    struct call call = call_begin_without_hold();
    return call_end(&call, stream_close(cookie));
}

static const cookie_io_functions_t stream_callbacks = {
    .read = read_callback,
    .write = write_callback,
    .seek = seek_callback,
    .close = close_callback,
};

/* To get to a position, glibc seeks to the beginning of the block of the buffer's size
 * that holds it: it clears the low bits, which are the size less one. If the size is a
 * power of two plus one, only one bit is cleared. So the seek goes back by no more than
 * SEQUENTIAL_BACK bytes, which the store can read again. */
size_t cookie_sequential_buffer_size(size_t size)
{
    return LIBC_SEEK_FILLS_BUFFER ? SEQUENTIAL_BACK + 1 : size;
}

int cookie_open(struct stream *stream, unsigned flags)
{
    stream->file = fopencookie(stream, mode_text(stream->mode), stream_callbacks);
    if (stream->file == NULL)
        return -1;
    libc_prepare_stream(stream);
    if (flags & FILELIKE_UNLOCKED)
        any_stream_stop_locking(stream->file);
    return 0;
}
