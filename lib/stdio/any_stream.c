#include <config.h>

#include "stdio/any_stream.h"

#include "base/call.h"
#include "stdio/libc.h"

#include <stdio_ext.h>
#include <wchar.h>

/* ---- Locks ----------------------------------------------------------------------- */

/* A stream of FILELIKE_UNLOCKED is not locked here either. In a forked child glibc does
 * not make the locks of such streams new, so the child could wait for ever. */
static bool is_locked_by_caller(FILE *file)
{
    return __fsetlocking(file, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER;
}

/* A forked child might find the lock taken for ever. So it is taken only if fork renews
 * it, or stdio's own functions take it, too. LOCKING tells whether they do. */
static bool takes_lock(FILE *file, bool locking)
{
    return (locking || LIBC_FORK_RENEWS_LOCKS) && !is_locked_by_caller(file);
}

bool any_stream_lock(FILE *file)
{
    bool locking = libc_locking_is_on(file);
    if (takes_lock(file, locking))
        flockfile(file);
    return locking;
}

bool any_stream_try_lock(FILE *file, bool *locking)
{
    *locking = libc_locking_is_on(file);
    return !takes_lock(file, *locking) || ftrylockfile(file) == 0;
}

void any_stream_unlock(FILE *file, bool locking)
{
    if (takes_lock(file, locking))
        funlockfile(file);
    if (!locking)
        libc_turn_locking_off(file);
}

void any_stream_stop_locking(FILE *file)
{
    (void) __fsetlocking(file, FSETLOCKING_BYCALLER);
    libc_turn_locking_off(file);
}

/* ---- Buffers and positions ------------------------------------------------------- */

void any_stream_abandon(FILE *file)
{
    KEEPING_ERRNO((void) fclose(file));
}

bool any_stream_is_writable(FILE *file)
{
    return __fwritable(file) != 0;
}

int any_stream_flush(FILE *file)
{
    return __fpending(file) > 0 ? fflush(file) : 0;
}

/* Seeks to where the program is. SEEK_CUR leaves the offset alone, at which another
 * process may be writing. But while a stream reads, it would sometimes move glibc's own
 * streams on after ungetc. After ungetc at position 0 the program is at -1. */
static int stay(FILE *file)
{
    if (!__freading(file) && fseeko(file, 0, SEEK_CUR) == 0)
        return 0;
    off_t position = ftello(file);
    return fseeko(file, position < 0 ? 0 : position, SEEK_SET);
}

static bool can_seek(FILE *file)
{
    return !LIBC_SEEK_CRASHES_IF_WIDE || fwide(file, 0) <= 0;
}

/* glibc's fflush crashes on a pushed-back character, so a seek gives it up first. At the
 * end of the file nothing is pushed back, and fflush alone keeps the indicator. */
int any_stream_synchronize(FILE *file)
{
    if (any_stream_flush(file) != 0)
        return -1;
    if (!feof(file) && can_seek(file) && stay(file) != 0)
        return -1;
    return fflush(file);
}

int any_stream_rewind(FILE *file)
{
    if (fseeko(file, 0, SEEK_SET) != 0)
        return -1;
    return fflush(file);
}
