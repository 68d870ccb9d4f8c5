#include <config.h>

#include "cookie.h"

#include "descriptor.h"
#include "filelike.h"
#include "mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio_ext.h>
#include <stdlib.h>

/* ---- Which C library -----------------------------------------------------------------
 */

#if defined __GLIBC__ && !defined __UCLIBC__

typedef off64_t cookie_offset;

/* 0 is an error to glibc; -1 it takes for a huge count. */
#define WRITE_FAILED 0
#define BUFFER_OVERHEAD 0
/* glibc would get it from malloc, and ask for its size first. */
#define HAS_BUFFER(size) false

#elif defined __linux__ && !defined __UCLIBC__ && !defined __BIONIC__ /* musl */

typedef off_t cookie_offset;

/* -1 is an error to musl; 0 and short counts it takes for success. */
#define WRITE_FAILED (-1)
/* For ungetc. */
#define BUFFER_OVERHEAD 8
/* Each of musl's streams with callbacks has one. */
#define HAS_BUFFER(size) ((size) == BUFSIZ)

#else
#error "How does fopencookie of this C library behave? tests/facts.c asks; answer here."
#endif

/* ---- glibc's public struct _IO_FILE --------------------------------------------------
 *
 * Its layout is frozen, because old programs have it compiled in, but what follows is no
 * promise: configure probes it, each stream is looked at again before it is used, and
 * without it (--disable-glibc-internals) everything still works but for a position that
 * glibc loses, see filelike(3). */

#if FILELIKE_GLIBC_INTERNALS

/* Set in _flags2 where every operation is to lock the stream. */
#define NEED_LOCK 0x80
/* The _fileno of a stream with callbacks. */
#define NO_DESCRIPTOR (-2)

/* What a program would see of a stream that fopen gives it now. glibc's streams with
 * callbacks always lock, those of fopen only once the process has had a second thread;
 * from then on all do. No flag of glibc's tells that moment reliably, but a stream of
 * fopen's own does that is open all the time. */
static FILE *make_reference(void)
{
    int descriptor = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FILE *reference = descriptor == -1 ? NULL : fdopen(descriptor, "r");
    if (reference != NULL)
        reference->_fileno = -1;
    /* It is only looked at. */
    descriptor_close(descriptor);
    return reference;
}

static bool fresh_streams_lock(void)
{
    static _Atomic(FILE *) shared;
    FILE *reference = atomic_load(&shared);
    if (reference == NULL) {
        FILE *made = make_reference();
        if (made == NULL)
            return true;
        if (atomic_compare_exchange_strong(&shared, &reference, made))
            reference = made;
        else
            (void) fclose(made);
    }
    return (reference->_flags2 & NEED_LOCK) != 0;
}

static bool is_as_expected(const FILE *file)
{
    return file->_fileno == NO_DESCRIPTOR && (file->_flags2 & NEED_LOCK) != 0;
}

static void show_descriptor(struct store_watch *watch, int descriptor)
{
    void *stream = (char *) watch - offsetof(struct stream, watch);
    ((struct stream *) stream)->file->_fileno = descriptor;
}

static void use_internals(struct stream *stream)
{
    FILE *file = stream->file;
    int saved = errno;
    if (is_as_expected(file)) {
        if (!fresh_streams_lock())
            file->_flags2 &= ~NEED_LOCK;
        stream->watch.moved = show_descriptor;
    }
    errno = saved;
}

static bool needs_lock(const FILE *file)
{
    return (file->_flags2 & NEED_LOCK) != 0;
}

static void forget_lock(FILE *file)
{
    file->_flags2 &= ~NEED_LOCK;
}

/* After a write that followed read-ahead, glibc's own idea of the position is the old
 * one, and the next fseek with SEEK_CUR starts there. */
static void mend_position(struct stream *stream)
{
    if (stream->file->_offset >= 0)
        stream->file->_offset = stream->position;
}

#else

static void use_internals(struct stream *stream)
{
    (void) stream;
}

static bool needs_lock(const FILE *file)
{
    (void) file;
    return true;
}

static void forget_lock(FILE *file)
{
    (void) file;
}

static void mend_position(struct stream *stream)
{
    (void) stream;
}

#endif

/* ---- Callbacks -----------------------------------------------------------------------
 */

static ssize_t read_callback(void *cookie, char *buffer, size_t size)
{
    return stream_read(cookie, buffer, size);
}

static ssize_t write_callback(void *cookie, const char *data, size_t size)
{
    struct stream *stream = cookie;
    /* musl asks for nothing, from NULL, after each flush. */
    if (size == 0)
        return 0;
    if (stream_write(stream, data, size) != 0)
        return WRITE_FAILED;
    mend_position(stream);
    return (ssize_t) size;
}

/* What is pending goes to the end: there ftell counts from, but musl does not know. */
static bool appends_pending(const struct stream *stream)
{
    return (stream->mode & MODE_APPEND) != 0 && __fpending(stream->file) > 0;
}

static int seek_callback(void *cookie, cookie_offset *offset, int whence)
{
    struct stream *stream = cookie;
    int64_t position;
    if (whence == SEEK_CUR && appends_pending(stream))
        whence = SEEK_END;
    if (stream_seek(stream, *offset, whence, &position) != 0)
        return -1;
    *offset = position;
    return 0;
}

static int close_callback(void *cookie)
{
    return stream_close(cookie);
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
    if (HAS_BUFFER(size))
        return 0;
    return size <= SIZE_MAX - BUFFER_OVERHEAD ? size + BUFFER_OVERHEAD : SIZE_MAX;
}

static void set_buffer(struct stream *stream)
{
    size_t room = cookie_buffer_room(stream->buffer_size);
    /* It may lie in the stream, which close_callback frees: neither library touches it
     * between that and the end of fclose. */
    if (room > 0)
        (void) setvbuf(stream->file, stream->buffer, _IOFBF, room);
}

int cookie_open(struct stream *stream, unsigned flags)
{
    FILE *file = fopencookie(stream, mode_text(stream->mode), callbacks);
    if (file == NULL)
        return -1;
    stream->file = file;
    set_buffer(stream);
    use_internals(stream);
    if (flags & FILELIKE_UNLOCKED)
        cookie_stop_locking(file);
    return 0;
}

void cookie_stop_locking(FILE *file)
{
    (void) __fsetlocking(file, FSETLOCKING_BYCALLER);
    forget_lock(file);
}

/* ---- Any FILE * ----------------------------------------------------------------------
 */

/* Where the caller locks, we do not: a forked child's glibc makes the locks of streams
 * new, but not of these. */
static bool is_locked_by_caller(FILE *file)
{
    return __fsetlocking(file, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER;
}

bool cookie_lock(FILE *file)
{
    bool locking = needs_lock(file);
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
        forget_lock(file);
}

bool cookie_writable(FILE *file)
{
    return __fwritable(file) != 0;
}

int cookie_flush(FILE *file)
{
    return __fpending(file) > 0 ? fflush(file) : 0;
}

/* glibc crashes where fflush meets a pushed-back character, so a seek goes first. At the
 * end of the file there is none, and fflush alone keeps the indicator. */
int cookie_synchronize(FILE *file)
{
    if (cookie_flush(file) != 0)
        return -1;
    if (!feof(file) && fseeko(file, 0, SEEK_CUR) != 0) {
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
