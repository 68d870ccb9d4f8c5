/* filelike: FILE * objects backed by memory, by spooled, temporary, named or atomically
 * published files.
 *
 * Every stream is a plain FILE *: it is written with fprintf, read with getline,
 * positioned with fseeko and closed with fclose, by code that knows nothing of this
 * library.
 *
 * fclose() == 0 means that every byte written is stored. The first lost write is
 * remembered for the life of the stream: fclose then returns EOF with that errno,
 * whatever clearerr was called in between. (Native streams, see filelike_temporary, are
 * the C library's own: there only the call that fails tells.)
 *
 * Threads: every function may be called from any thread. One stream may be used from
 * several threads as any FILE * may, unless it was opened with FILELIKE_UNLOCKED; two
 * streams on the same bytes (filelike_reopen) may be used from two threads. Nothing here
 * is a cancellation point.
 *
 * Failure: openers return NULL and leave nothing behind; the others return -1 or NULL.
 * errno says why. The values named below are those of the library itself; those of malloc
 * and of the system calls beneath (ENOMEM, ENOSPC, EIO, EMFILE and so on) are passed on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FILELIKE_H
#define FILELIKE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined __GNUC__
#pragma GCC visibility push(default)
#endif

#define FILELIKE_VERSION_MAJOR 0
#define FILELIKE_VERSION_MINOR 1
#define FILELIKE_VERSION_PATCH 0

/* The version of the library that the program runs with, "0.1.0" say. Static storage. */
const char *filelike_version(void);

/* ---- Options -------------------------------------------------------------------------
 */

/* For memory_limit: a spooled stream moves to disk only when told to. */
#define FILELIKE_NEVER SIZE_MAX

/* Flags. One that means nothing to an opener is ignored, an unknown bit is EINVAL. */
#define FILELIKE_UNLOCKED \
    0x01u                   /* the caller promises: one thread at a time, no locking */
#define FILELIKE_KEEP 0x02u /* named: do not remove the file */
#define FILELIKE_IN_MEMORY \
    0x04u /* temporary: a memory file of the kernel, no directory */
#define FILELIKE_NOREPLACE 0x08u /* persist, atomic: EEXIST rather than replace */
#define FILELIKE_NOSYNC 0x10u    /* persist, atomic: do not wait for the disk */

typedef struct filelike_budget filelike_budget;

/* How to open a stream. A null pointer or a zeroed structure means all defaults. Strings
 * are copied. A nonzero reserved member, permissions beyond 0777 or a '/' in prefix or
 * suffix is EINVAL.
 *
 * Where files go: dir, where it is given (one that does not work is an error); else the
 * first that works of $TMPDIR (unless empty, or the process is privileged:
 * secure_getenv), P_tmpdir and /var/tmp. The choice is made when the stream is opened. */
struct filelike_options {
    const char *dir;     /* directory for files; NULL: see above */
    const char *prefix;  /* named: start of the file's name; NULL: "filelike-" */
    const char *suffix;  /* named: end of the file's name, ".csv" say; NULL: none */
    size_t memory_limit; /* spooled: bytes kept in memory; 0: 1 MiB */
    uint64_t size_limit; /* bytes that the stream may hold, EFBIG past it; 0: no limit */
    size_t buffer_size;  /* stdio's buffer in bytes; 0: the kind's own default */
    mode_t permissions;  /* exactly, of a file created; 0: 0600 (but see atomic) */
    unsigned flags;      /* FILELIKE_* above */
    filelike_budget *budget; /* shared allowance of memory; NULL: none */
    uint64_t reserved[4];    /* must be zero */
};

/* ---- Opening -------------------------------------------------------------------------
 *
 * MODE is fopen's: "r", "w" or "a", then any of '+', 'b', 'e' and 'x', each at most once.
 * 'b' and 'e' change nothing (every descriptor of the library is close-on-exec); 'x'
 * matters where a path is created. NULL means "w+" where the stream starts empty and "r+"
 * where it starts on bytes that exist. Anything else is EINVAL.
 *
 * Positions behave as on a regular file: seeking past the end is allowed, a write there
 * fills the gap with zero bytes, a negative position is EINVAL, and append modes write at
 * the end ("a" starts there, "a+" at 0). */

/* An empty, growable stream in memory. */
FILE *filelike_memory(const char *mode, const struct filelike_options *options);

/* A stream in memory that starts with the SIZE bytes at DATA. "r" reads them in place:
 * they are the caller's, to be kept until fclose. "r+" and the append modes start from a
 * private copy, the "w" modes empty. Size 0 is fine with any DATA. EINVAL: DATA is NULL
 * and SIZE is not 0. EFBIG: more bytes than size_limit allows. */
FILE *filelike_bytes(const void *data, size_t size, const char *mode,
    const struct filelike_options *options);

/* The same, taking over DATA, a block of malloc's with at least SIZE bytes, without a
 * copy. It belongs to the stream on success, and is still the caller's on failure. */
FILE *filelike_adopt(
    void *data, size_t size, const char *mode, const struct filelike_options *options);

/* A stream in memory until it would pass options->memory_limit, then on disk: its
 * position and every byte kept. The check comes before a write or truncation, so memory
 * never passes the limit. A move that fails (full disk, no directory) fails that write
 * with its errno and leaves the stream in memory, whole and readable; a later write tries
 * again. */
FILE *filelike_spooled(const char *mode, const struct filelike_options *options);

/* A nameless file on disk, mode 0600, that the kernel reclaims whatever happens. A native
 * stream: fileno, wide characters and freopen work as on fopen's; with size_limit the
 * library watches it instead. FILELIKE_IN_MEMORY: a memory file of the kernel, no
 * directory. */
FILE *filelike_temporary(const char *mode, const struct filelike_options *options);

/* A file with a name (filelike_path) that other programs can open: options->prefix, at
 * least six random characters, options->suffix. It is removed when the last stream on it
 * is closed and at normal exit, by the process that made it only, and only while the name
 * is still that file's; not with FILELIKE_KEEP. */
FILE *filelike_named(const char *mode, const struct filelike_options *options);

/* A new content for PATH: written aside, and put in place in one step by an fclose that
 * returns 0. After a failed write, after exit without fclose, after a crash and after
 * filelike_discard PATH is untouched. The "w" modes start empty, "r+" and the append
 * modes from the present content. 'x' and FILELIKE_NOREPLACE: EEXIST where PATH exists,
 * at opening and again at publishing.
 *
 * What fopen(path, "w") would refuse is refused at opening: EACCES, EISDIR, ENOENT for
 * the directory, EPERM for a file that may only grow (but a program that is being run can
 * be replaced); so is a directory that takes no new file. A device or pipe, and the mode
 * "r", is EINVAL; "r+" of nothing ENOENT. A symbolic link is followed. fclose in a forked
 * child publishes nothing: ECHILD. If only the sync of the directory fails after the new
 * content stands, fclose says so with that errno; FILELIKE_NOSYNC waits for no disk.
 *
 * The file keeps the mode (and the owner, where permitted) of the one that it replaces;
 * where it cannot keep the group, that one's bits are those of all others. A new one has
 * 0666 less the umask. Unless options->permissions says otherwise. */
FILE *filelike_atomic(
    const char *path, const char *mode, const struct filelike_options *options);

/* A second, independent stream with a position of its own on the same bytes, which live
 * until the last stream on them is closed. "w" truncates them for all. size_limit and
 * budget belong to the bytes, lost writes to the stream that they were written on. An
 * atomic stream can be reopened with "r" only (else ENOTSUP), and is published by its own
 * fclose. Any stream whose bytes can be reached (see below), else ENOTSUP. */
FILE *filelike_reopen(FILE *stream, const char *mode);

/* ---- A shared allowance of memory ----------------------------------------------------
 *
 * A budget bounds what all streams opened with it hold in memory together, exactly,
 * however threads interleave. Counted is the capacity allocated for content. A spooled
 * stream that finds no room moves to disk, a memory stream gets ENOMEM. */

/* A budget of this many bytes; nothing fits one of 0. NULL with ENOMEM. */
filelike_budget *filelike_budget_new(size_t bytes);

/* The bytes in use now. */
size_t filelike_budget_used(const filelike_budget *budget);

/* Gives the budget up; NULL is ignored. Streams that still use it keep it alive. */
void filelike_budget_free(filelike_budget *budget);

/* ---- Code that opens its own files ---------------------------------------------------
 */

/* fopen, with four more kinds of path: "memory:NAME" (bytes in this process under a name:
 * opened again by that name, also while open, until filelike_remove; reading an unknown
 * name is ENOENT), "memory:", "spooled:" and "temporary:" (anonymous), and "atomic:PATH".
 * Any other path goes to fopen with MODE as it is. A NULL mode is EINVAL. */
FILE *filelike_fopen(const char *path, const char *mode);

/* Forgets a "memory:NAME", whose bytes live on while open (ENOENT if there is none), or
 * calls remove(path). 0, or -1. */
int filelike_remove(const char *path);

/* ---- Process -------------------------------------------------------------------------
 */

/* Removes every file that this process would remove at exit. Async-signal-safe, for the
 * application's own signal handlers: the library installs none. */
void filelike_cleanup(void);

/* ---- Using a stream ------------------------------------------------------------------
 *
 * These take any FILE * whose bytes can be reached: the library's, and also those of
 * fopen, tmpfile and fdopen, through their descriptor. Each first writes out what stdio
 * has pending, and fails as that write fails. On a stream without reachable bytes (a
 * pipe, open_memstream), and where the function means nothing to the kind of stream:
 * ENOTSUP. */

/* The number of bytes held, or -1. */
int64_t filelike_size(FILE *stream);

/* The bytes, without a copy: never NULL on success, and their number in *SIZE unless SIZE
 * is NULL. Valid until the next write, truncation or close of a stream on these bytes.
 * The byte after the last is '\0', except where the stream reads the caller's bytes in
 * place. (On a native stream, whose closing the library does not see, the mapping lasts
 * at least until then, and is given back by a later call.) */
const void *filelike_view(FILE *stream, size_t *size);

/* Takes the bytes out of the stream: a block for the caller to free, that ends in '\0';
 * no copy where they are in memory. As if they were read whole and then truncated to
 * nothing, for every stream on these bytes. This one is at position 0 and can be used on.
 * NULL on failure, the bytes untouched. EBADF: the stream is opened with "r". */
void *filelike_detach(FILE *stream, size_t *size);

/* Cuts to SIZE bytes or extends with zero bytes. The position stays, the end-of-file
 * indicator is cleared. 0, or -1 with the bytes untouched.
 * EBADF: opened with "r". EINVAL: negative. EFBIG: more than size_limit. */
int filelike_truncate(FILE *stream, int64_t size);

/* 1 if the bytes are in memory (a memory file of the kernel too), 0 if not, or -1. */
int filelike_in_memory(FILE *stream);

/* Spooled: moves the bytes to disk now. 0 where they are there already, whatever the
 * kind; or -1, and they stay where they are. */
int filelike_rollover(FILE *stream);

/* A descriptor that holds the bytes, owned by the stream, its offset the stream's
 * position; or -1. The bytes of a spooled stream, and of one with a budget, move to disk
 * for it, those of a memory stream to a memory file of the kernel. What others write
 * through it, the stream sees. */
int filelike_fileno(FILE *stream);

/* A path under which this and other processes of the user can open the bytes while the
 * stream is open: a named stream's own, else /proc/PID/fd/N, moving the bytes as
 * filelike_fileno does. NULL on failure, with ENOTSUP where there is no /proc. Owned by
 * the stream. */
const char *filelike_path(FILE *stream);

/* Named: do not remove the file. 0, or -1. */
int filelike_keep(FILE *stream);

/* Atomic: do not publish. Named: remove the file after all, also if kept. fclose of the
 * stream returns 0 then, whatever was lost. 0, or -1. */
int filelike_discard(FILE *stream);

/* Puts the bytes at PATH, atomically and durably, whatever the stream is. FLAGS:
 * FILELIKE_NOREPLACE (EEXIST where PATH exists) and FILELIKE_NOSYNC. The file's mode is
 * as for filelike_atomic. Symbolic links are followed. 0, or -1, and both PATH and the
 * stream are as before (unless only the sync of the directory failed).
 *
 * From a stream in memory, a spooled or an atomic one PATH gets a snapshot. A named or
 * temporary stream gives its file away, as rename does: it goes on, on the file that is
 * now PATH, which nothing removes any more; persisted again, it is copied, but not over
 * itself. The same holds for the streams of fopen and tmpfile; what cannot be linked is
 * copied. A stream that has lost a write cannot be persisted: the errno of that write. */
int filelike_persist(FILE *stream, const char *path, unsigned flags);

/* The errno of this stream's first lost write or failed read, 0 if there was none, or -1
 * with ENOTSUP. What stdio itself refuses (reading a stream opened with "w", say) is not
 * counted. Of a native stream only the indicator is known: EIO where it is set. */
int filelike_error(FILE *stream);

#if defined __GNUC__
#pragma GCC visibility pop
#endif

/* ---- End of scope --------------------------------------------------------------------
 */

#if defined __GNUC__
/* FILELIKE_AUTO FILE *f = ...; closes f, unless it is NULL, at the end of its scope. What
 * fclose returns is lost: close by hand where it matters that the bytes are stored. */
#define FILELIKE_AUTO __attribute__((cleanup(filelike_auto_close)))

static __inline__ __attribute__((unused)) void filelike_auto_close(FILE **stream)
{
    if (*stream != NULL)
        (void) fclose(*stream);
}
#endif

#ifdef __cplusplus
}
#endif

#endif
