/* Operations on any FILE *, be it ours or the C library's own. */
#ifndef ANY_STREAM_H
#define ANY_STREAM_H

#include <stdbool.h>
#include <stdio.h>

/* As flockfile and funlockfile. flockfile can switch stdio's own locking of the stream
 * on. any_stream_lock returns whether it was on before, and any_stream_unlock restores
 * that. */
bool any_stream_lock(FILE *file);
void any_stream_unlock(FILE *file, bool locking);

/* The same without waiting. False if another thread has locked the stream. */
bool any_stream_try_lock(FILE *file, bool *locking);

/* Turns locking off for good, for FILELIKE_UNLOCKED. */
void any_stream_stop_locking(FILE *file);

/* Closes a stream that no caller has got. errno is kept. */
void any_stream_abandon(FILE *file);

/* Writes out pending output. Bytes that were read ahead and pushed-back characters stay.
 * 0, or -1 with errno. */
int any_stream_flush(FILE *file);

/* Brings stdio and the bytes beneath to the same position: writes out what is pending,
 * and gives up what was read ahead and pushed-back characters. The end-of-file indicator
 * stays. 0, or -1 with errno. */
int any_stream_synchronize(FILE *file);

/* The same at position 0, and clears the end-of-file indicator. */
int any_stream_rewind(FILE *file);

/* Whether the mode of FILE allows writing. */
bool any_stream_is_writable(FILE *file);

#endif
