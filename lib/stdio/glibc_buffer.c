#include <config.h>

#include "stdio/libc.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/call.h"
#include "base/process.h"
#include "stdio/glibc_buffer.h"
#include "stdio/glibc_probe.h"
#include "stdio/open.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

/* ---- Which buffer ---------------------------------------------------------------- */

enum { FOPEN_BUFFER = 4096 }; /* bytes of the buffer of fopen's streams on disk */

size_t libc_buffer_room(size_t size)
{
    return size;
}

bool libc_replaces_buffers(void)
{
    return glibc_internals_work();
}

static void set_buffer(FILE *file, char *buffer, size_t size)
{
    file->_IO_buf_base = buffer;
    file->_IO_buf_end = buffer + size;
}

/* At the first read or write glibc allocates a buffer if there is none. Setting the
 * members takes less time than setvbuf. */
void glibc_use_first_buffer(struct stream *stream)
{
    FILE *file = stream->file;
    if (stream->uses_internals) {
        file->_flags |= GLIBC_USER_BUFFER;
        set_buffer(file, stream->buffer, stream->buffer_size);
    } else {
        (void) setvbuf(file, stream->buffer, _IOFBF, stream->buffer_size);
    }
}

/* False after the program has called setvbuf: its buffer stays. */
static bool has_our_buffer(const struct stream *stream)
{
    return stream->file->_IO_buf_base == stream->buffer;
}

/* Called from the write callback only: there the buffer is empty, and after it glibc
 * starts with the buffer that it finds. A failure is no error, as the next write tries
 * again.
 *
 * Writes that do not begin at a multiple of their size are a quarter slower on disk. So
 * the buffer begins with FIRST_SIZE bytes, and the next write ends at a multiple. */
static void replace_buffer(struct stream *stream, size_t first_size)
{
    char *buffer = malloc(stream->next_buffer_size);
    if (buffer == NULL)
        return;
    set_buffer(stream->file, buffer, first_size);
    stream_set_buffer(stream, buffer, stream->next_buffer_size);
}

/* A program that seeks may not write on from here. In memory it is all the same where a
 * write begins. */
static size_t first_size_of_next_buffer(struct stream *stream, bool after_seek)
{
    size_t size = stream->next_buffer_size;
    bool is_whole = after_seek || size <= BUFFER_IN_MEMORY;
    return is_whole ? size : size - (size_t) stream_tell(stream) % size;
}

/* For a block that glibc's fclose frees. A program may have linked this library with a
 * malloc of its own (--wrap=malloc), whose blocks glibc's free does not know. It does
 * know those of posix_memalign. */
static void *allocate_for_glibc(size_t size)
{
    void *block;
    int error = posix_memalign(&block, alignof(max_align_t), size);
    return error == 0 ? block : call_fail_pointer(error);
}

int libc_give_buffer(FILE *file, size_t size)
{
    if (!glibc_frees_buffers())
        return 0;
    void *buffer = allocate_for_glibc(size);
    if (buffer == NULL)
        return -1;
    set_buffer(file, buffer, size);
    return 0;
}

/* ---- Reading and writing --------------------------------------------------------- */

/* For fseek, glibc seeks to the beginning of a block and then fills the buffer. Between
 * the two it does not look at _offset, so a mark there tells the read callback that the
 * read belongs to a seek. */
void libc_after_seek(struct stream *stream, int whence, bool succeeded)
{
    if (!stream->marks_seeks)
        return;
    if (succeeded && whence == SEEK_SET)
        stream->file->_offset = GLIBC_SEEKING;
    else if (stream->file->_offset == GLIBC_SEEKING)
        stream->file->_offset = GLIBC_POSITION_UNKNOWN;
}

bool libc_seek_is_under_way(const struct stream *stream)
{
    return stream->marks_seeks && stream->file->_offset == GLIBC_SEEKING;
}

void libc_empty_buffer(FILE *file)
{
    file->_IO_read_base = file->_IO_read_ptr = file->_IO_read_end = file->_IO_buf_base;
}

/* After a write and a seek, the program will probably write again. The bytes that fseek
 * reads ahead would then be thrown away. */
static bool reads_for_seek_after_write(const struct stream *stream)
{
    return stream->wrote_last && libc_seek_is_under_way(stream);
}

/* After a seek, glibc is to read little: from a disk as much as for a stream of fopen's.
 * The buffer is made smaller for that until the next read or write. Returns how many of
 * SIZE bytes to read. */
static size_t shrink_buffer_after_seek(struct stream *stream, size_t size)
{
    size_t most = stream->buffer_size < BUFFER_ON_DISK ? BUFFER_IN_MEMORY : FOPEN_BUFFER;
    size_t room = stream->sought_last ? most : stream->buffer_size;
    set_buffer(stream->file, stream->file->_IO_buf_base, room);
    return size < room ? size : room;
}

size_t libc_size_to_read(struct stream *stream, size_t size)
{
    if (!stream->uses_internals)
        return size;
    if (reads_for_seek_after_write(stream))
        return 0;
    if (stream->buffer_size <= BUFFER_IN_MEMORY)
        return size;
    return has_our_buffer(stream) ? shrink_buffer_after_seek(stream, size) : size;
}

/* After a write that follows read-ahead, glibc leaves an old position in _offset, and the
 * next fseek with SEEK_CUR would count from it. Without a position glibc asks for it. */
static void forget_position(FILE *file)
{
    file->_offset = GLIBC_POSITION_UNKNOWN;
}

void libc_after_write(struct stream *stream, bool after_seek)
{
    if (!stream->uses_internals)
        return;
    forget_position(stream->file);
    if (!has_our_buffer(stream))
        return;
    if (stream->next_buffer_size != 0 && !process_is_ending())
        replace_buffer(stream, first_size_of_next_buffer(stream, after_seek));
    else if (!after_seek)
        set_buffer(stream->file, stream->buffer, stream->buffer_size);
}

#endif
