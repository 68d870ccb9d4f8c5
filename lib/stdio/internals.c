#include <config.h>

#include "stdio/internals.h"

#include "base/call.h"
#include "base/process.h"
#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#if FILELIKE_GLIBC_INTERNALS

/* Set in _flags where fclose does not free the buffer. */
#define USER_BUFFER 0x1
/* Set in _flags2 where every operation is to lock the stream. */
#define NEED_LOCK 0x80
/* The _offset of a stream whose position glibc has to ask for. */
#define POSITION_UNKNOWN (-1)
/* The _fileno of a stream with callbacks. */
#define NO_DESCRIPTOR (-2)

/* ---- Locks ---------------------------------------------------------------------------
 */

/* What a program would see of a stream that fopen gives it now. glibc's streams with
 * callbacks always lock, those of fopen only once the process has had a second thread;
 * from then on all do. No flag of glibc's tells that moment reliably, but a stream of
 * fopen's own does that is open all the time. */
static FILE *make_reference(void)
{
    int descriptor = descriptor_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
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
    return internals_needs_lock(reference);
}

bool internals_needs_lock(const FILE *file)
{
    return (file->_flags2 & NEED_LOCK) != 0;
}

void internals_forget_lock(FILE *file)
{
    file->_flags2 &= ~NEED_LOCK;
}

/* ---- Buffers -------------------------------------------------------------------------
 */

static void set_buffer(FILE *file, char *buffer, size_t size)
{
    file->_IO_buf_base = buffer;
    file->_IO_buf_end = buffer + size;
}

/* glibc looks for one before it makes one, at the first read or write. */
bool internals_set_buffer(struct stream *stream)
{
    FILE *file = stream->file;
    if (file->_IO_buf_base != NULL)
        return false;
    file->_flags |= USER_BUFFER;
    set_buffer(file, stream->buffer, stream->buffer_size);
    return true;
}

static void use_late_buffer(struct stream *stream, char *buffer)
{
    stream->late_buffer = buffer;
    stream->buffer_size = stream->late_size;
    stream->late_size = 0;
    set_buffer(stream->file, buffer, stream->buffer_size);
}

static bool has_first_buffer(const struct stream *stream)
{
    return stream->file->_IO_buf_base == stream->buffer &&
           stream->file->_IO_buf_end == stream->buffer + stream->buffer_size;
}

/* While it is being written nothing is in the buffer, and glibc begins anew with the one
 * that it finds then. That is the moment to replace it. What fails now is tried again
 * with the next write. */
static void replace_buffer(struct stream *stream)
{
    int saved = errno;
    char *buffer = malloc(stream->late_size);
    if (buffer != NULL)
        use_late_buffer(stream, buffer);
    errno = saved;
}

/* A file takes writes a quarter slower that do not begin at a multiple of their size; so
 * wait for one, unless writes of the present size will not come there. */
static bool is_well_placed(struct stream *stream)
{
    int64_t position = stream_tell(stream);
    return position % (int64_t) stream->late_size == 0 ||
           position % (int64_t) stream->buffer_size != 0;
}

/* Who calls setvbuf keeps that buffer. */
static bool is_time_for_late_buffer(struct stream *stream)
{
    return stream->late_size != 0 && !process_is_ending() && stream->has_moved &&
           has_first_buffer(stream) && is_well_placed(stream);
}

/* fclose frees it in glibc. A program may have linked a malloc and a free of its own with
 * this library (--wrap), and that malloc's blocks would be unknown there. */
static void *allocate_for_glibc(size_t size)
{
    void *block;
    int error = posix_memalign(&block, alignof(max_align_t), size);
    if (error == 0)
        return block;
    errno = error;
    return NULL;
}

int internals_give_buffer(FILE *file, size_t size)
{
    void *buffer = allocate_for_glibc(size);
    if (buffer == NULL)
        return -1;
    (void) setvbuf(file, buffer, _IOFBF, size);
    if (file->_IO_buf_base == buffer)
        file->_flags &= ~USER_BUFFER;
    else
        free(buffer);
    return 0;
}

/* ---- A stream with callbacks ---------------------------------------------------------
 */

static bool is_as_expected(const FILE *file)
{
    return file->_fileno == NO_DESCRIPTOR && internals_needs_lock(file);
}

static void show_descriptor(struct handle *handle)
{
    void *container = (char *) handle - offsetof(struct stream, handle);
    struct stream *stream = container;
    /* -1 would make glibc take the stream for closed, and fclose would not call us. */
    stream->file->_fileno = handle->descriptor != -1 ? handle->descriptor : NO_DESCRIPTOR;
}

void internals_use(struct stream *stream)
{
    int saved = errno;
    if (is_as_expected(stream->file)) {
        if (!fresh_streams_lock())
            internals_forget_lock(stream->file);
        stream->handle.moved = show_descriptor;
        show_descriptor(&stream->handle);
    }
    errno = saved;
}

/* After a write that followed read-ahead, glibc's own idea of the position is the old
 * one, and the next fseek with SEEK_CUR would start there: let it ask. */
static void forget_position(FILE *file)
{
    file->_offset = POSITION_UNKNOWN;
}

void internals_after_write(struct stream *stream)
{
    forget_position(stream->file);
    if (is_time_for_late_buffer(stream))
        replace_buffer(stream);
}

#else

bool internals_set_buffer(struct stream *stream)
{
    (void) stream;
    return false;
}

bool internals_needs_lock(const FILE *file)
{
    (void) file;
    return true;
}

void internals_forget_lock(FILE *file)
{
    (void) file;
}

int internals_give_buffer(FILE *file, size_t size)
{
    (void) file;
    (void) size;
    return 0;
}

void internals_use(struct stream *stream)
{
    (void) stream;
}

void internals_after_write(struct stream *stream)
{
    (void) stream;
}

#endif
