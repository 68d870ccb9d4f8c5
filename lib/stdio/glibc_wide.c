#include <config.h>

#include "stdio/libc.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/call.h"
#include "stdio/glibc_wide.h"

#ifdef HAVE_FILE__WIDE_DATA

/* Room for a struct _IO_wide_data, which glibc does not declare. It has less than 400
 * bytes in all versions so far. */
enum { STATE_SIZE = 1024 };

/* The state that fopencookie sets. */
#define INVALID_STATE ((struct _IO_wide_data *) -1)

/* The state of all streams without a descriptor. It is never written, as freopen of such
 * a stream fails. */
static union {
    max_align_t alignment;
    char bytes[STATE_SIZE];
} shared_state;

static void set_wide_state(FILE *file, void *state)
{
    file->_wide_data = state;
}

void wide_prepare_stream(struct stream *stream)
{
    if (stream->file->_wide_data == INVALID_STATE)
        set_wide_state(stream->file, &shared_state);
}

void wide_give_own_state(struct stream *stream)
{
    if (stream->file->_wide_data != (void *) &shared_state)
        return;
    KEEPING_ERRNO(stream->wide_state = calloc(1, STATE_SIZE));
    if (stream->wide_state != NULL)
        set_wide_state(stream->file, stream->wide_state);
}

#else

void wide_prepare_stream(struct stream *stream)
{
    (void) stream;
}

void wide_give_own_state(struct stream *stream)
{
    (void) stream;
}

#endif

#endif
