#include <config.h>

#include "stdio/glibc_wide.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/call.h"

#ifdef HAVE_FILE__WIDE_DATA

/* Bytes of struct _IO_wide_data, which glibc hides: less than 400 in all of its versions
 * so far. */
enum { STATE_SIZE = 1024 };

/* What glibc gives to a stream with callbacks. */
#define NO_STATE ((struct _IO_wide_data *) -1)

/* Of all streams that have no descriptor: freopen of them fails, so that none of them
 * ever uses it. */
static union {
    max_align_t alignment;
    char bytes[STATE_SIZE];
} shared_state;

static void set_wide_state(FILE *file, void *state)
{
    file->_wide_data = state;
}

/* Behind the FILE lies a pointer to what its kind does (struct _IO_FILE_plus), which
 * freopen replaces. */
static const void *operations_of(FILE *file)
{
    return *(const void *const *) (const void *) (file + 1);
}

void wide_prepare(struct stream *stream)
{
    stream->operations = operations_of(stream->file);
    if (stream->file->_wide_data == NO_STATE)
        set_wide_state(stream->file, &shared_state);
}

void wide_give_state(struct stream *stream)
{
    if (stream->file->_wide_data != (void *) &shared_state)
        return;
    KEEPING_ERRNO(stream->wide_state = calloc(1, STATE_SIZE));
    if (stream->wide_state != NULL)
        set_wide_state(stream->file, stream->wide_state);
}

bool wide_was_reopened(const struct stream *stream)
{
    return stream->operations != operations_of(stream->file);
}

#else

void wide_prepare(struct stream *stream)
{
    (void) stream;
}

void wide_give_state(struct stream *stream)
{
    (void) stream;
}

bool wide_was_reopened(const struct stream *stream)
{
    (void) stream;
    return false;
}

#endif

#endif
