/* musl, whose FILE is opaque. This file is also used with glibc after
 * --disable-glibc-internals: glibc then loses a position in one case, see BUGS in
 * filelike(3). */
#include <config.h>

#include "stdio/libc.h"

#if !FILELIKE_GLIBC_INTERNALS

#ifdef __GLIBC__
enum { OWN_BUFFER = 0, BUFFER_OVERHEAD = 0 };
#else
enum {
    OWN_BUFFER = BUFSIZ, /* bytes that musl allocates with each stream with callbacks */
    BUFFER_OVERHEAD = 8  /* bytes of a buffer that musl keeps for ungetc */
};
#endif

size_t libc_buffer_room(size_t size)
{
    if (size == OWN_BUFFER)
        return 0;
    return size <= SIZE_MAX - BUFFER_OVERHEAD ? size + BUFFER_OVERHEAD : SIZE_MAX;
}

bool libc_replaces_buffers(void)
{
    return false;
}

int libc_give_buffer(FILE *file, size_t size)
{
    (void) file;
    (void) size;
    return 0;
}

void libc_prepare_stream(struct stream *stream)
{
    size_t room = libc_buffer_room(stream->buffer_size);
    if (room > 0)
        (void) setvbuf(stream->file, stream->buffer, _IOFBF, room);
}

size_t libc_size_to_read(struct stream *stream, const char *buffer, size_t size)
{
    (void) stream;
    (void) buffer;
    return size;
}

void libc_after_write(struct stream *stream, bool after_seek)
{
    (void) stream;
    (void) after_seek;
}

void libc_after_seek(struct stream *stream, int whence, bool succeeded)
{
    (void) stream;
    (void) whence;
    (void) succeeded;
}

bool libc_was_reopened(const struct stream *stream)
{
    (void) stream;
    return false;
}

bool libc_locking_is_on(const FILE *file)
{
    (void) file;
    return true;
}

void libc_turn_locking_off(FILE *file)
{
    (void) file;
}

#endif
