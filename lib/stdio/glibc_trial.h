/* What glibc's struct _IO_FILE is like, for glibc.c alone.
 *
 * Its layout is frozen, because old programs have it compiled in, but what its members
 * bring about is no promise. So it is tried, once, with the glibc that the program runs
 * with: a library that was built elsewhere is the same library. */
#ifndef GLIBC_TRIAL_H
#define GLIBC_TRIAL_H

#include <stdbool.h>

/* Set in _flags where fclose does not free the buffer. */
#define GLIBC_USER_BUFFER 0x1
/* Set in _flags2 where every operation is to lock the stream. */
#define GLIBC_NEED_LOCK 0x80
/* The _offset of a stream whose position glibc has to ask for. */
#define GLIBC_POSITION_UNKNOWN (-1)
/* Ours, for the _offset of a stream in the middle of a seek. */
#define GLIBC_SEEKING (-2)
/* The _fileno of a stream with callbacks. */
#define GLIBC_NO_DESCRIPTOR (-2)

/* Whether all of these hold: a stream with callbacks has the lock bit and does without
 * it, answers fileno with the descriptor that was set, uses the buffer that it finds at
 * the first write and the one that it gets while it writes, and asks for a position that
 * it does not know. */
bool glibc_is_as_known(void);

/* Whether besides an _offset that is set for glibc when it seeks stays while it reads for
 * that seek, which may give nothing, and does not stay any longer. */
bool glibc_keeps_mark(void);

/* Whether fclose frees a buffer that is not marked as the user's. That cannot be tried
 * without a crash: this goes by the version, from which on it is so. */
bool glibc_frees_buffers(void);

#endif
