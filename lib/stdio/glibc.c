#include <config.h>

#include "stdio/libc.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/call.h"
#include "files/descriptor.h"
#include "stdio/glibc_buffer.h"
#include "stdio/glibc_cookie.h"
#include "stdio/glibc_probe.h"
#include "stdio/glibc_wide.h"

#include <fcntl.h>
#include <stddef.h>

/* ---- Locks ----------------------------------------------------------------------- */

/* A stream of fopen's own, which is never used. It tells whether a stream that is opened
 * now must lock.
 *
 * Why? glibc's streams with callbacks always lock, which makes putc 6 times slower. Those
 * of fopen do not lock until the process has had a second thread. No flag of glibc's
 * tells that reliably, but glibc sets the lock bit in all open streams when that thread
 * starts.
 */
static FILE *make_reference(void)
{
    int descriptor = descriptor_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    FILE *reference = descriptor == -1 ? NULL : fdopen(descriptor, "r");
    if (reference != NULL)
        reference->_fileno = -1;
    descriptor_close(descriptor);
    return reference;
}

/* The first one that any thread makes is used. NULL if none could be made. */
static FILE *share_reference(_Atomic(FILE *) *shared)
{
    FILE *present = NULL;
    struct call call = call_begin();
    FILE *made = call_end_pointer(&call, make_reference());
    if (made == NULL || atomic_compare_exchange_strong(shared, &present, made))
        return made;
    (void) fclose(made);
    return present;
}

static bool new_streams_lock(void)
{
    static _Atomic(FILE *) shared;
    FILE *reference = atomic_load(&shared);
    if (reference == NULL)
        KEEPING_ERRNO(reference = share_reference(&shared));
    return reference == NULL || libc_locking_is_on(reference);
}

bool libc_locking_is_on(const FILE *file)
{
    return !glibc_internals_work() || (file->_flags2 & GLIBC_NEED_LOCK) != 0;
}

void libc_turn_locking_off(FILE *file)
{
    if (glibc_internals_work())
        file->_flags2 &= ~GLIBC_NEED_LOCK;
}

/* ---- A stream with callbacks ----------------------------------------------------- */

static void show_descriptor(struct handle *handle)
{
    void *container = (char *) handle - offsetof(struct stream, handle);
    struct stream *stream = container;
    stream->file->_fileno = handle->descriptor;
    wide_give_own_state(stream);
}

static void use_internals(struct stream *stream)
{
    if (!new_streams_lock())
        libc_turn_locking_off(stream->file);
    stream->handle.descriptor_changed = show_descriptor;
    if (stream->handle.descriptor != -1)
        show_descriptor(&stream->handle);
    if (libc_stream_of(stream->file) == NULL)
        glibc_cookie_learn(stream->file, stream);
}

void libc_prepare_stream(struct stream *stream)
{
    stream->uses_internals = glibc_internals_work();
    stream->marks_seeks = glibc_seeks_can_be_marked();
    glibc_use_first_buffer(stream);
    wide_prepare_stream(stream);
    if (stream->uses_internals)
        use_internals(stream);
}

struct stream *libc_stream_of(FILE *file)
{
    return glibc_cookie_of(file);
}

bool libc_may_have_callbacks(FILE *file)
{
    return !glibc_internals_work() || glibc_cookie_has_callbacks(file);
}

#endif
