/* musl, whose FILE is opaque. This file is also used with glibc after
 * --disable-glibc-internals: glibc then loses a position in one case, see BUGS in
 * filelike(3). */
#include <config.h>

#include "stdio/libc.h"

#if !FILELIKE_GLIBC_INTERNALS

#include "base/call.h"

#include <stdatomic.h>
#include <string.h>

#ifdef __GLIBC__
enum { OWN_BUFFER = 0, BUFFER_OVERHEAD = 0 };
#else
enum {
    OWN_BUFFER = BUFSIZ, /* bytes that musl allocates with each stream with callbacks */
    BUFFER_OVERHEAD = 8  /* bytes of a buffer that musl keeps for ungetc */
};
#endif

/* ---- Locks ----------------------------------------------------------------------- */

#ifdef __GLIBC__

bool libc_locking_is_on(const FILE *file)
{
    (void) file;
    return true;
}

static void use_locking_of_fopen(FILE *file)
{
    (void) file;
}

#else

/* musl's streams with callbacks always lock. Those of fopen do not lock until the process
 * has had a second thread: their lock is -1 so long, and musl sets it to 0 in all open
 * streams when that thread starts. Here a stream is given the same lock as one of
 * fopen's.
 *
 * Why? musl's fork does not make locks new. Say a signal handler forks while the only
 * thread is in a call on a stream. If that call locks, the child waits in exit for ever.
 * (Besides, putc and getc are several times as fast.)
 *
 * FILE is opaque, but flockfile changes the lock of a stream that does not lock, and
 * that change tells where the lock is. If no member changes like that, all streams lock.
 */
enum {
    NO_LOCKING = -1,
    INTS = 64 /* that are looked at: musl allocates a buffer with each FILE, so they are
                 within the block */
};

static atomic_size_t lock_place; /* in ints from the start of FILE; 0: not known */

static int *ints_of(FILE *file)
{
    return (void *) file;
}

/* The place of the int that is -1 before flockfile, positive until funlockfile, and 0
 * from then on. 0 if there is none, as for a stream that locks. */
static size_t find_lock(FILE *file)
{
    int before[INTS];
    int locked[INTS];
    const int *ints = ints_of(file);
    memcpy(before, ints, sizeof before);
    flockfile(file);
    memcpy(locked, ints, sizeof locked);
    funlockfile(file);
    for (size_t i = 1; i < INTS; i++) {
        if (before[i] == NO_LOCKING && locked[i] > 0 && ints[i] == 0)
            return i;
    }
    return 0;
}

/* Makes the reference a stream that does not lock, as it was before. Signals are held,
 * because a child of a handler would find it locked. Nothing is allocated meanwhile: the
 * lock of malloc may be that of a thread which a handler has stopped. */
static bool note_lock_place(FILE *reference)
{
    sigset_t signals;
    call_hold_signals(&signals);
    size_t place = find_lock(reference);
    if (place != 0) {
        ints_of(reference)[place] = NO_LOCKING;
        atomic_store(&lock_place, place);
    }
    call_release_signals(&signals);
    return place != 0;
}

/* Returns a stream of musl's own, which is never used. It tells whether a stream that is
 * opened now must lock. NULL: it must, now and later. */
static FILE *open_reference(void)
{
    static char byte;
    FILE *reference = fmemopen(&byte, sizeof byte, "r");
    if (reference == NULL || note_lock_place(reference))
        return reference;
    (void) fclose(reference);
    return NULL;
}

static FILE *open_reference_once(void)
{
    static atomic_uint begun;
    static _Atomic(FILE *) reference;
    if (atomic_load_explicit(&begun, memory_order_relaxed) == 0 &&
        atomic_exchange(&begun, 1) == 0)
        KEEPING_ERRNO(atomic_store(&reference, open_reference()));
    return atomic_load(&reference);
}

bool libc_locking_is_on(const FILE *file)
{
    const int *ints = (const void *) file;
    return open_reference_once() == NULL || ints[lock_place] != NO_LOCKING;
}

static void use_locking_of_fopen(FILE *file)
{
    FILE *reference = open_reference_once();
    if (reference != NULL && !libc_locking_is_on(reference))
        ints_of(file)[lock_place] = NO_LOCKING;
}

#endif

void libc_turn_locking_off(FILE *file)
{
    (void) file;
}

/* ---- Buffers --------------------------------------------------------------------- */

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
    use_locking_of_fopen(stream->file);
}

/* ---- Reading and writing --------------------------------------------------------- */

size_t libc_size_to_read(struct stream *stream, size_t size)
{
    (void) stream;
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

bool libc_seek_is_under_way(const struct stream *stream)
{
    (void) stream;
    return false;
}

void libc_empty_buffer(FILE *file)
{
    (void) file;
}

/* ---- A stream with callbacks ----------------------------------------------------- */

struct stream *libc_stream_of(FILE *file)
{
    (void) file;
    return NULL;
}

bool libc_may_have_callbacks(FILE *file)
{
    (void) file;
    return true;
}

#endif
