#include <config.h>

#include "stdio/libc.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/call.h"
#include "base/process.h"
#include "files/descriptor.h"
#include "stdio/glibc_trial.h"
#include "stdio/glibc_wide.h"

#include <fcntl.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

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
    return libc_needs_lock(reference);
}

bool libc_needs_lock(const FILE *file)
{
    return !glibc_is_as_known() || (file->_flags2 & GLIBC_NEED_LOCK) != 0;
}

void libc_forget_lock(FILE *file)
{
    if (glibc_is_as_known())
        file->_flags2 &= ~GLIBC_NEED_LOCK;
}

/* ---- Buffers -------------------------------------------------------------------------
 */

/* What glibc gives to a stream of fopen's on disk. */
enum { USUAL_BUFFER = 4096 };

size_t libc_buffer_room(size_t size)
{
    return size;
}

bool libc_replaces_buffers(void)
{
    return glibc_is_as_known();
}

static void set_buffer(FILE *file, char *buffer, size_t size)
{
    file->_IO_buf_base = buffer;
    file->_IO_buf_end = buffer + size;
}

/* glibc looks for one before it makes one, at the first read or write; that takes less
 * time than setvbuf. */
static void set_first_buffer(struct stream *stream)
{
    FILE *file = stream->file;
    if (stream->shown) {
        file->_flags |= GLIBC_USER_BUFFER;
        set_buffer(file, stream->buffer, stream->buffer_size);
    } else {
        (void) setvbuf(file, stream->buffer, _IOFBF, stream->buffer_size);
    }
}

static bool has_first_buffer(const struct stream *stream)
{
    return stream->file->_IO_buf_base == stream->buffer;
}

/* Who calls setvbuf keeps that buffer. */
static bool has_own_buffer(const struct stream *stream)
{
    const char *own = stream->late_buffer != NULL ? stream->late_buffer : stream->buffer;
    return stream->file->_IO_buf_base == own;
}

static void use_late_buffer(struct stream *stream, char *buffer)
{
    stream->late_buffer = buffer;
    stream->buffer_size = stream->late_size;
    stream->late_size = 0;
    set_buffer(stream->file, buffer, stream->buffer_size);
}

/* While it is being written nothing is in the buffer, and glibc begins anew with the one
 * that it finds then. That is the moment to replace it. What fails now is tried again
 * with the next write. */
static void replace_buffer(struct stream *stream)
{
    char *buffer = malloc(stream->late_size);
    if (buffer != NULL)
        use_late_buffer(stream, buffer);
}

/* A file takes writes a quarter slower that do not begin at a multiple of their size; so
 * wait for one, unless writes of the present size will not come there. */
static bool is_well_placed(struct stream *stream)
{
    int64_t position = stream_tell(stream);
    return position % (int64_t) stream->late_size == 0 ||
           position % (int64_t) stream->buffer_size != 0;
}

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

int libc_give_buffer(FILE *file, size_t size)
{
    if (!glibc_frees_buffers())
        return 0;
    void *buffer = allocate_for_glibc(size);
    if (buffer == NULL)
        return -1;
    (void) setvbuf(file, buffer, _IOFBF, size);
    if (file->_IO_buf_base == buffer)
        file->_flags &= ~GLIBC_USER_BUFFER;
    else
        free(buffer);
    return 0;
}

/* ---- Reading and writing -------------------------------------------------------------
 */

/* For fseek glibc goes to where a buffer of the file begins, and then reads up to where
 * the caller wants to be, who may want to read. Between the two it looks at no position.
 */
void libc_after_seek(struct stream *stream, int whence, bool succeeded)
{
    if (!stream->marked)
        return;
    if (succeeded && whence == SEEK_SET)
        stream->file->_offset = GLIBC_SEEKING;
    else if (stream->file->_offset == GLIBC_SEEKING)
        stream->file->_offset = GLIBC_POSITION_UNKNOWN;
}

/* After a write the caller will more likely write, too, and this read be for nobody. */
static bool reads_in_vain(const struct stream *stream)
{
    return stream->wrote_last && stream->file->_offset == GLIBC_SEEKING;
}

/* After a seek, no more than glibc reads for a stream of fopen's: the buffer is smaller
 * as long as only that is in it. */
static size_t fit_buffer(struct stream *stream, size_t size)
{
    bool small = stream->sought && stream->buffer_size > USUAL_BUFFER;
    size_t room = small ? USUAL_BUFFER : stream->buffer_size;
    set_buffer(stream->file, stream->file->_IO_buf_base, room);
    return size < room ? size : room;
}

size_t libc_worth_reading(struct stream *stream, const char *buffer, size_t size)
{
    if (!stream->shown)
        return size;
    if (reads_in_vain(stream))
        return 0;
    bool buffered = buffer == stream->file->_IO_buf_base && has_own_buffer(stream);
    return buffered ? fit_buffer(stream, size) : size;
}

/* After a write that followed read-ahead, glibc's own idea of the position is the old
 * one, and the next fseek with SEEK_CUR would start there: let it ask. */
static void forget_position(FILE *file)
{
    file->_offset = GLIBC_POSITION_UNKNOWN;
}

void libc_after_write(struct stream *stream, bool after_seek)
{
    if (!stream->shown)
        return;
    forget_position(stream->file);
    if (is_time_for_late_buffer(stream))
        replace_buffer(stream);
    else if (!after_seek && has_own_buffer(stream))
        set_buffer(stream->file, stream->file->_IO_buf_base, stream->buffer_size);
}

/* ---- A stream with callbacks ---------------------------------------------------------
 */

static void show_descriptor(struct handle *handle)
{
    void *container = (char *) handle - offsetof(struct stream, handle);
    struct stream *stream = container;
    /* -1 would make glibc take the stream for closed, and fclose would not call us. */
    stream->file->_fileno =
        handle->descriptor != -1 ? handle->descriptor : GLIBC_NO_DESCRIPTOR;
    if (handle->descriptor != -1)
        wide_give_state(stream);
}

static void show_stream(struct stream *stream)
{
    if (!fresh_streams_lock())
        libc_forget_lock(stream->file);
    stream->handle.moved = show_descriptor;
    show_descriptor(&stream->handle);
}

void libc_prepare(struct stream *stream)
{
    stream->shown = glibc_is_as_known();
    stream->marked = glibc_keeps_mark();
    set_first_buffer(stream);
    wide_prepare(stream);
    if (stream->shown)
        KEEPING_ERRNO(show_stream(stream));
}

bool libc_was_reopened(const struct stream *stream)
{
    return wide_was_reopened(stream);
}

#endif
