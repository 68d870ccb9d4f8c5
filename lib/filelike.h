/* filelike: plain FILE * streams in memory, in memory that moves to disk, in temporary
 * and named files, in files that appear whole or not at all, on parts of other streams,
 * and on blocks and functions of the caller's own.
 *
 * Every stream is a FILE *: it is written with fprintf, read with getline, positioned
 * with fseeko and closed with fclose, by code that knows nothing of this library.
 *
 * fclose   fclose returning 0 means that every byte that was written is stored. The
 *          first lost write is remembered for the life of the stream: fclose then
 *          returns EOF with that errno, whatever clearerr was called in between. Native
 *          streams are the C library's own: there the call that fails tells, and fclose
 *          may then return 0. Native are filelike_temporary without size_limit and
 *          permissions, memory: paths of filelike_fopen, and fopen's own. The library
 *          watches all others.
 *
 * Failure  Openers return NULL and leave nothing behind. Other functions return NULL or
 *          -1 and change nothing, unless their description says otherwise. errno says
 *          why. A call that succeeds leaves errno as it was. Errors of malloc and of the
 *          system calls beneath (ENOMEM, ENOSPC, EIO, EMFILE and so on) are passed on;
 *          the descriptions below list the errors that the library itself gives.
 *
 * Threads  Every function may be called from any thread. One stream may be used from
 *          several threads as any FILE * may, unless it was opened with
 *          FILELIKE_UNLOCKED. Two streams on the same bytes (filelike_reopen) may be
 *          used from two threads. No function is a cancellation point.
 *
 * The manual, filelike(3), has all of this at length.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FILELIKE_H
#define FILELIKE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#define FILELIKE_VERSION_MAJOR 1
#define FILELIKE_VERSION_MINOR 0
#define FILELIKE_VERSION_PATCH 0

/* ---- Attributes ----------------------------------------------------------------------
 *
 * They let the compiler warn; they change nothing else.
 *
 * FILELIKE_OPENS        the result is a new stream: closed with fclose, never ignored
 * FILELIKE_GIVES_BLOCK  the result is a new block: released with free, never ignored
 * FILELIKE_CHECK        the result is not ignored
 * FILELIKE_NONNULL(n)   argument n is not NULL
 */
#if defined __GNUC__
#define FILELIKE_CHECK __attribute__((warn_unused_result))
#else
#define FILELIKE_CHECK
#endif

#if defined __GNUC__ && __GNUC__ >= 11 && !defined __clang__
#define FILELIKE_OPENS __attribute__((malloc, malloc(fclose, 1), warn_unused_result))
#define FILELIKE_GIVES_BLOCK __attribute__((malloc(free, 1), warn_unused_result))
#elif defined __GNUC__
#define FILELIKE_OPENS __attribute__((malloc, warn_unused_result))
#define FILELIKE_GIVES_BLOCK FILELIKE_CHECK
#else
#define FILELIKE_OPENS
#define FILELIKE_GIVES_BLOCK
#endif

/* The compiler may delete tests for NULL where an argument is nonnull, so the library
 * itself is compiled without. */
#if defined __GNUC__ && !defined FILELIKE_COMPILING
#define FILELIKE_NONNULL(number) __attribute__((nonnull(number)))
#else
#define FILELIKE_NONNULL(number)
#endif

#ifdef __cplusplus
extern "C" {
#endif
#if defined __GNUC__ && !defined FILELIKE_LOCAL /* filelike.c defines that */
#pragma GCC visibility push(default)
#endif

/* The version of the library that the program runs with, such as "1.0.0".
 *
 * Returns  a string in static storage.
 */
const char *filelike_version(void);

/* ---- Options -------------------------------------------------------------------------
 */

/* memory_limit: a spooled stream moves to disk only when its budget is used up, or a call
 * asks for it. */
#define FILELIKE_NEVER SIZE_MAX

/* Flags. A flag that does not apply to an opener is ignored. An unknown bit is EINVAL.
 *
 * FILELIKE_UNLOCKED   one thread at a time uses the stream: stdio does not lock it
 * FILELIKE_KEEP       named: the file is not removed on close
 * FILELIKE_IN_MEMORY  temporary: a memory file of the kernel instead of a directory
 * FILELIKE_NOREPLACE  atomic, persist: EEXIST rather than replace
 * FILELIKE_NOSYNC     atomic, persist: do not wait for the disk
 */
#define FILELIKE_UNLOCKED 0x01u
#define FILELIKE_KEEP 0x02u
#define FILELIKE_IN_MEMORY 0x04u
#define FILELIKE_NOREPLACE 0x08u
#define FILELIKE_NOSYNC 0x10u

/* A shared allowance of memory, see filelike_budget_new. */
typedef struct filelike_budget filelike_budget;

/* How to open a stream. NULL or a zeroed structure means all defaults. The structure and
 * its strings are read during the call only; strings are copied. Members that do not
 * apply to a kind of stream are ignored, so that one structure can serve several.
 *
 * Files go to dir, if given; a directory that does not work is an error. Else they go to
 * the first that works of $TMPDIR (where set, not empty, and the process is not
 * privileged: secure_getenv), P_tmpdir and /var/tmp. A relative one is taken from the
 * working directory at the moment of opening: a later chdir changes nothing.
 *
 * EINVAL of every opener: an unknown flag, a nonzero reserved member, permissions beyond
 * 0777, or a '/' in prefix or suffix.
 */
typedef struct filelike_options {
    const char *dir;     /* directory for files; NULL: see above */
    const char *prefix;  /* named: start of the file's name; NULL: "filelike-" */
    const char *suffix;  /* named: end of the file's name, such as ".csv"; NULL: none */
    size_t memory_limit; /* spooled: bytes kept in memory; 0: 1 MiB; or FILELIKE_NEVER */
    uint64_t size_limit; /* bytes the stream may hold, EFBIG past it; 0: no limit */
    size_t buffer_size;  /* stdio's buffer in bytes; 0: the kind's own default */
    mode_t permissions;  /* exactly, of a file created; 0: 0600 (atomic: see there) */
    unsigned flags;      /* FILELIKE_* above */
    filelike_budget *budget; /* shared allowance of memory; NULL: none */
    uint64_t reserved[4];    /* must be zero */
} filelike_options;

/* ---- Opening -------------------------------------------------------------------------
 *
 * mode is fopen's: "r", "w" or "a", then any of '+', 'b', 'e' and 'x', each at most
 * once. 'b' and 'e' change nothing: every descriptor of the library is close-on-exec.
 * 'x' matters where a path is created: the call is EEXIST if the path exists. NULL means
 * "w+" where the stream starts empty, and "r+" where it starts on bytes that exist; some
 * descriptions below do not allow it. Anything else is EINVAL.
 *
 * Positions behave as on a regular file: seeking past the end is allowed, a write there
 * fills the gap with zero bytes, a negative position is EINVAL, and append modes write at
 * the end ("a" starts there, "a+" at 0).
 *
 * The stream belongs to the caller, who closes it with fclose.
 */

/* Opens an empty, growable stream in memory.
 *
 * mode     see above; NULL: "w+"
 * options  size_limit, buffer_size, flags and budget apply. With budget so do dir and
 *          permissions: filelike_fileno moves the bytes to a file there.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  mode or options are not allowed
 *          ENOENT  dir is an empty string, and there is a budget
 */
FILE *filelike_memory(
    const char *mode, const struct filelike_options *options) FILELIKE_OPENS;

/* Opens a stream in memory that starts with bytes of the caller's.
 *
 * data     the bytes; may be NULL where size is 0. "r" reads them in place: the caller
 *          keeps them until fclose. "r+" and the append modes start from a private copy,
 *          the "w" modes empty.
 * size     their number
 * mode     see above; NULL: "r+"
 * options  as for filelike_memory
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  data is NULL and size is not 0; mode or options are not allowed
 *          EFBIG   size is more than PTRDIFF_MAX; or than size_limit, unless mode is a
 *                  "w" mode
 *          ENOENT  dir is an empty string, and there is a budget
 *          ENOMEM  also if the bytes do not fit into the budget
 */
FILE *filelike_bytes(const void *data, size_t size, const char *mode,
    const struct filelike_options *options) FILELIKE_OPENS;

/* Opens a stream in memory that takes over a block of the caller's, with no copy.
 *
 * data     a block of malloc's of at least size bytes. It belongs to the stream if the
 *          call succeeds, and is still the caller's if it fails.
 * size, mode, options  as for filelike_bytes
 *
 * Returns  the stream, or NULL with errno.
 * Errors   as for filelike_bytes
 */
FILE *filelike_adopt(void *data, size_t size, const char *mode,
    const struct filelike_options *options) FILELIKE_OPENS;

/* Opens a stream on a block of the caller's, to read and write in place. It never holds
 * more than capacity, allocates nothing for its content, and writes no '\0' of its own.
 * filelike_size tells how much of the block is used.
 *
 * A flush or truncation past capacity is ENOSPC and changes nothing; fclose tells of the
 * write, too. filelike_detach gives a copy and empties the stream. The bytes cannot move,
 * so filelike_fileno, filelike_path and filelike_rollover fail with ENOTSUP.
 *
 * block    the block, which the caller keeps until fclose: at exit stdio still writes
 *          what is pending to it. May be NULL where capacity is 0.
 * capacity its bytes. A capacity of 0 opens, and every write is ENOSPC.
 * size     how many of them are there to read, from the first one on. The "w" modes start
 *          empty.
 * mode     see above; NULL: "r+"
 * options  size_limit, buffer_size and flags apply
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  size is more than capacity; block is NULL and capacity is not 0; mode
 *                  or options are not allowed
 *          EFBIG   size is more than size_limit or PTRDIFF_MAX
 */
FILE *filelike_fixed(void *block, size_t capacity, size_t size, const char *mode,
    const struct filelike_options *options) FILELIKE_OPENS;

/* Opens an empty stream in memory that moves to disk when it would pass memory_limit, its
 * position and every byte kept.
 *
 * The check comes before a write or truncation: memory never passes the limit. A move
 * that fails (full disk, no directory) fails that write with its errno and leaves the
 * stream in memory, whole and readable. A later write tries again.
 *
 * mode     see above; NULL: "w+"
 * options  dir, memory_limit, size_limit, buffer_size, permissions, flags and budget
 *          apply
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  mode or options are not allowed
 */
FILE *filelike_spooled(
    const char *mode, const struct filelike_options *options) FILELIKE_OPENS;

/* Opens an empty file on disk without a name. The kernel reclaims it when it is closed,
 * and also after kill -9.
 *
 * This is a native stream: fileno, wide characters and freopen work as on fopen's. With
 * size_limit or permissions the library watches it instead.
 *
 * mode     see above; NULL: "w+"
 * options  dir, size_limit, buffer_size, permissions and flags apply. With
 *          FILELIKE_IN_MEMORY the file is a memory file of the kernel.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  mode or options are not allowed
 */
FILE *filelike_temporary(
    const char *mode, const struct filelike_options *options) FILELIKE_OPENS;

/* Opens an empty file with a name (filelike_path), which other programs can open.
 *
 * The name is prefix, random characters and suffix. The file is removed when the last
 * stream on it is closed, and at normal exit. Only the process that made it removes it,
 * and only while the name is still that file's.
 *
 * mode     see above; NULL: "w+"
 * options  dir, prefix, suffix, size_limit, buffer_size, permissions and flags apply.
 *          With FILELIKE_KEEP the file stays.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL     mode or options are not allowed
 *          ECANCELED  the library's own end has begun, after the program's atexit
 *                     handlers
 */
FILE *filelike_named(
    const char *mode, const struct filelike_options *options) FILELIKE_OPENS;

/* Opens a new content for path. It is written to a file aside, and an fclose that returns
 * 0 puts that in place in one step. path is untouched after a failed write, after exit
 * without fclose, after a crash and after filelike_discard.
 *
 * The "w" modes start empty, "r+" and the append modes from the present content. A
 * symbolic link is followed as fopen follows it.
 *
 * The file keeps the mode, the access ACL, the extended attributes, the owner and the
 * group of the one that it replaces, as far as the process may set them. Nobody gains a
 * right where one of them cannot be kept. A new file has the mode that fopen would give
 * it. permissions set the mode instead, and the file then has no access ACL.
 *
 * path     the file to replace or create; copied
 * mode     see above; NULL: "w+". 'x' means FILELIKE_NOREPLACE.
 * options  size_limit, buffer_size, permissions and flags apply. With FILELIKE_NOREPLACE
 *          the call fails if path exists, and so does fclose if it exists then. With
 *          FILELIKE_NOSYNC fclose does not wait for the disk.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL     mode is "r"; path is a device, a pipe or a socket; options are not
 *                     allowed
 *          EACCES, EISDIR, ENOENT  fopen(path, "w") would be refused; ENOENT also "r+" of
 *                     nothing
 *          EEXIST     path exists and may not be replaced
 *          EBUSY      path is a mount point: it can be written, but not replaced
 *          EPERM      path can be written, but not replaced: somebody else's file in a
 *                     sticky directory, an immutable file, or one that may only grow; or
 *                     names in its directory cannot be removed
 *          EFBIG      the present content is more than size_limit
 *          ENOTSUP    FILELIKE_NOREPLACE where the filesystem cannot do that in one step
 *          ECANCELED  the library's own end has begun
 * fclose   ECHILD     in a forked child, which publishes nothing
 *          ECANCELED  the library's own end has begun; nothing is published
 *          If only the sync of the new name fails after the new content stands, fclose
 *          says so with that errno.
 */
FILE *filelike_atomic(const char *path, const char *mode,
    const struct filelike_options *options) FILELIKE_OPENS FILELIKE_NONNULL(1);

/* Opens a second, independent stream with a position of its own on the same bytes. They
 * live until the last stream on them is closed.
 *
 * size_limit and budget belong to the bytes, lost writes to the stream that they were
 * written on. An atomic stream is published by its own fclose.
 *
 * stream   any stream whose bytes can be reached, see "Using a stream"
 * mode     see above; NULL: "r+". "w" truncates the bytes for all streams on them.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL   mode is not allowed, or needs an operation that a custom stream lacks
 *          ENOTSUP  the bytes cannot be reached; or stream is an atomic one and mode is
 *                   not "r"
 */
FILE *filelike_reopen(FILE *stream, const char *mode) FILELIKE_OPENS FILELIKE_NONNULL(1);

/* Opens a part of the bytes of a stream as a stream to read, with a position of its own
 * from 0 on: a member of an archive, a field of a form. It is otherwise as
 * filelike_reopen(stream, "r"). filelike_size tells how many bytes of the part are there.
 * filelike_view shows them, and filelike_persist puts a copy of them at a path.
 *
 * stream   any stream whose bytes can be reached, see "Using a stream"; a section, too
 * start    where the part begins, in bytes from the beginning of what stream shows. Past
 *          the end the section is empty.
 * size     how many bytes it has at most; -1: to the end, wherever that is then
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL   start is negative, or size is below -1
 *          ENOTSUP  the bytes cannot be reached
 * Later    ENOTSUP  filelike_reopen with a mode that writes, filelike_fileno,
 *                   filelike_path, filelike_truncate, filelike_detach
 */
FILE *filelike_section(FILE *stream, int64_t start, int64_t size) FILELIKE_OPENS
    FILELIKE_NONNULL(1);

/* ---- Streams of the caller's own -----------------------------------------------------
 */

/* The operations of a stream on something of the caller's own. Each gets the context that
 * filelike_custom was given. A failure is -1 with errno. A failure that leaves errno 0 is
 * EIO, and so is a result that is not allowed. After EINTR the operation is called again;
 * from close, EINTR is EIO.
 *
 * Operations return (no longjmp, no exception). They are called with the bytes locked and
 * with cancellation off. They use no stream on the same context, and open and close no
 * stream while another thread may be in fflush(NULL) or exit, as the C library holds its
 * list of streams then.
 *
 * read     Reads up to size bytes from position on. Returns how many, 0 at the end.
 *          NULL: the stream cannot be read.
 * write    Writes up to size bytes at position. Returns how many were taken, at least 1.
 *          NULL: the stream cannot be written.
 * size     Returns the number of bytes. NULL: a stream without positions, as a pipe is.
 * truncate Cuts to size bytes, or extends with zero bytes. Returns 0. NULL: ENOTSUP.
 * close    Called once, at the end, and nothing after it. lost is the errno of the first
 *          lost write, or 0, so that what is incomplete can be given up; ECANCELED after
 *          filelike_discard. Returns 0, or -1 with errno, which fclose then reports.
 *          NULL: there is nothing to do.
 */
typedef struct filelike_operations {
    ssize_t (*read)(void *context, void *buffer, size_t size, int64_t position);
    ssize_t (*write)(void *context, const void *data, size_t size, int64_t position);
    int64_t (*size)(void *context);
    int (*truncate)(void *context, int64_t size);
    int (*close)(void *context, int lost);
    void *reserved[3]; /* must be NULL */
} filelike_operations;

/* Opens a stream on operations of the caller's own, the same with every C library.
 *
 * Short transfers are continued, and gaps are filled with zero bytes through write. No
 * two threads are in operations of one context at once: of the streams of one
 * filelike_custom and its reopened ones, that is, not of two made on one pointer.
 *
 * With size the stream has positions, and everything of "Using a stream" works that its
 * operations allow, view and detach by a copy. It has neither descriptor nor path, and
 * whether it is in memory is not known: ENOTSUP.
 *
 * Without size the bytes come in order. ftell counts them. fflush, and a seek that
 * changes nothing, succeed and lose nothing of what stdio has read ahead; any other seek
 * is ESPIPE. Of "Using a stream", filelike_error and filelike_discard work, and
 * filelike_freopen with a path.
 *
 * A write that fails stores nothing; but what the write operation took before it failed
 * stays, where no truncate can take it back. The last fclose closes the context, and
 * tells of a lost write rather than of what close says. In a forked child what was
 * pending is written by both, and each may close. At exit what is pending is written, and
 * close is not called.
 *
 * context     what the operations work on. It belongs to the stream if the call succeeds,
 *             and is still the caller's if it fails: then no operation was called but
 *             truncate.
 * operations  copied
 * mode        see "Opening"; not NULL. With size the "w" modes truncate. Without size
 *             "r", "w" or "a", and nothing truncates.
 * options     size_limit, buffer_size and flags apply
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  operations is NULL or has a reserved member that is not NULL; mode is
 *                  not allowed, or needs an operation that is NULL; options are not
 *                  allowed
 *          If truncate fails for a "w" mode, its errno.
 */
FILE *filelike_custom(void *context, const struct filelike_operations *operations,
    const char *mode, const struct filelike_options *options) FILELIKE_OPENS;

/* ---- A shared allowance of memory ----------------------------------------------------
 */

/* Makes a budget: a bound on the memory that all streams opened with it use together. The
 * total never passes the bound, however threads interleave. The capacity allocated for
 * content is counted. A spooled stream that finds no room moves to disk, and a memory
 * stream gets ENOMEM.
 *
 * bytes    the bound; nothing fits a budget of 0
 *
 * Returns  the budget, which belongs to the caller, or NULL with errno.
 * Errors   ENOMEM
 */
filelike_budget *filelike_budget_new(size_t bytes) FILELIKE_CHECK;

/* Tells how much of a budget is in use.
 *
 * Returns  the number of bytes.
 */
size_t filelike_budget_used(const filelike_budget *budget) FILELIKE_NONNULL(1);

/* Gives a budget up. Streams that still use it keep it alive, and it stays in force for
 * them.
 *
 * budget   not to be used after this; may be NULL
 */
void filelike_budget_free(filelike_budget *budget);

/* ---- Code that opens its own files ---------------------------------------------------
 *
 * These have the signatures of the functions they stand for, and know more kinds of path:
 *
 * memory:NAME  bytes in this process under a name, opened again by that name, also while
 *              open. They last until filelike_remove. A forked child shares the bytes of
 *              the names that exist; names made later are its own.
 * memory:      bytes in this process without a name
 * spooled:     a stream of filelike_spooled
 * temporary:   a stream of filelike_temporary
 * atomic:PATH  a stream of filelike_atomic for PATH; "r" reads PATH
 *
 * memory: streams, with a name or without, are native streams on memory files of the
 * kernel: fileno, freopen, wide characters and forked children work as on fopen's. The
 * descriptor is close-on-exec: a program that is started opens filelike_path, or gets a
 * duplicate. If there is no memory file to be had (no memfd_create, /proc or descriptor;
 * names together keep at most half of the process's descriptors), they are streams as of
 * filelike_memory.
 *
 * Here mode is not NULL, and letters of fopen's that change nothing ('t', glibc's 'c',
 * 'm' and ",ccs=") are ignored.
 */

/* fopen, with more kinds of path. Any other path goes to fopen with mode as it is.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EFAULT  path is NULL
 *          EINVAL  mode is NULL or not allowed
 *          EEXIST  mode is a "w" or "a" mode with 'x', and the name exists
 *          ENOENT  mode reads and the name is unknown
 *          and as the opener of that kind, or fopen
 */
FILE *filelike_fopen(const char *path, const char *mode) FILELIKE_OPENS;

/* The same with options: limits, budget and directory for what other code opens. The
 * options of the opening that makes a name hold for its bytes, whoever opens them later.
 * Each stream has its own buffer_size and FILELIKE_UNLOCKED.
 *
 * options  as for the opener of that kind. With size_limit or budget the memory: streams
 *          are those of filelike_memory, which the library watches. They mean nothing for
 *          a path that goes to fopen.
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL  mode is NULL or not allowed; options are not allowed, whatever path is
 *          and as for filelike_fopen
 */
FILE *filelike_open(const char *path, const char *mode,
    const struct filelike_options *options) FILELIKE_OPENS;

/* freopen, with more kinds of path.
 *
 * A native stream, stdin, stdout and stderr too, is changed itself, to a memory: path as
 * to a file. A stream of the library's is closed as by fclose, whose failure is ignored,
 * and another one is returned.
 *
 * path     NULL: the same bytes with another mode; of a stream of the library's that is
 *          a filelike_reopen
 * mode     as for filelike_fopen
 * stream   closed also on failure, but still open after EINVAL and ENOTSUP
 *
 * Returns  the stream, or NULL with errno.
 * Errors   EINVAL   mode is NULL or not allowed
 *          EIO      also if the system's error for path is EINVAL or ENOTSUP; stream is
 *                   closed
 *          ENOTSUP  a native stream cannot be changed to a spooled:, temporary: or
 *                   atomic: path, to bytes that are in no memory file, or without /proc;
 *                   stream has no descriptor and is not the library's; its bytes cannot
 *                   be reached
 *          and as for filelike_fopen
 */
FILE *filelike_freopen(const char *path, const char *mode, FILE *stream) FILELIKE_CHECK
    FILELIKE_NONNULL(3);

/* remove, with more kinds of path. memory:NAME is forgotten; its bytes live on while they
 * are open. atomic:PATH means PATH.
 *
 * Returns  0, or -1 with errno.
 * Errors   EFAULT  path is NULL
 *          ENOENT  the name is unknown
 *          and as remove
 */
int filelike_remove(const char *path);

/* rename, with more kinds of path. atomic:PATH means PATH.
 *
 * From one memory:NAME to another, which it replaces in one step for other threads. From
 * memory:NAME to a path as by filelike_persist, with the permissions and flags that the
 * name was made with, and the name is forgotten.
 *
 * Returns  0, or -1 with errno.
 * Errors   EFAULT  a path is NULL
 *          EINVAL  a path is memory:, spooled: or temporary:
 *          ENOENT  the name is unknown
 *          EXDEV   from a path to memory:NAME
 *          and as rename, or filelike_persist
 */
int filelike_rename(const char *from, const char *to);

/* ---- Standard streams ----------------------------------------------------------------
 */

/* Sends what goes to the descriptor of a stream to another stream, at its position: by
 * printf and its like, by write(2), and by child processes. For the whole process, until
 * filelike_restore; redirections of one stream nest.
 *
 * from is flushed first. Later bytes in its buffer are not in the other stream yet. The
 * descriptor of from keeps its number and its close-on-exec flag.
 *
 * from     a native stream: stdout, stderr, any of fopen's. It is restored before it is
 *          closed.
 * to       any stream that filelike_fileno serves; it may be closed meanwhile, but what
 *          is printed after the fclose of an atomic one gets into the published file.
 *          Its size_limit refuses nothing of what is printed, and its fclose tells of
 *          none of that which was lost.
 *
 * Returns  0, or -1 with errno.
 * Errors   EBADF    one of them is opened only to read, or its descriptor is closed
 *          EINVAL   to is from, or has the same descriptor
 *          ENOTSUP  from has no descriptor of the C library's, or filelike_fileno does
 *                   not serve to
 *          If the flush of from fails, its errno.
 */
int filelike_redirect(FILE *from, FILE *to) FILELIKE_NONNULL(1) FILELIKE_NONNULL(2);

/* Flushes a stream and undoes its last redirection.
 *
 * Returns  0, or -1 with errno.
 * Errors   EINVAL  the stream is not redirected
 *          If the flush fails, its errno; the redirection is undone all the same.
 */
int filelike_restore(FILE *from) FILELIKE_NONNULL(1);

/* ---- Process -------------------------------------------------------------------------
 */

/* Removes every file that this process would remove at exit. Async-signal-safe, for the
 * application's own signal handlers; the library installs none. Files may be made after
 * it.
 */
void filelike_cleanup(void);

/* ---- Using a stream ------------------------------------------------------------------
 *
 * These take any FILE * whose bytes can be reached: the library's, and also those of
 * fopen, tmpfile and fdopen, through their descriptor. Each first writes out what stdio
 * has pending, and fails as that write fails; filelike_error and filelike_discard do not
 * fail so. On a stream without reachable bytes (a
 * pipe, open_memstream; for size, view, detach and truncate also a file whose size the
 * kernel does not tell, as in /proc), and where the function does not apply to the kind
 * of stream: ENOTSUP.
 */

/* Tells how many bytes the stream holds.
 *
 * Returns  the number, or -1 with errno.
 */
int64_t filelike_size(FILE *stream) FILELIKE_NONNULL(1);

/* Shows the bytes without a copy. (Of a custom stream it makes a copy.)
 *
 * size     set to their number, unless it is NULL
 *
 * Returns  the bytes, never NULL on success, or NULL with errno. They are valid until
 *          the next write, truncation or close of a stream on these bytes. (The library
 *          does not see a native stream being closed: its view lasts at least until
 *          then.) fwrite may append them to the same stream. The byte after the last
 *          is '\0', except for a section, a fixed block, and bytes of the caller's that
 *          "r" reads in place.
 * Errors   ENOMEM   there is no room for a mapping or a copy
 *          ENOTSUP  a native stream opened to write only, where there is no /proc
 */
const void *filelike_view(FILE *stream, size_t *size) FILELIKE_NONNULL(1);

/* Takes the bytes out of the stream, as if they were read whole and then truncated to
 * nothing, for every stream on these bytes. This stream is at position 0, and still
 * usable. The block itself is handed over, with no copy, if the bytes are in memory of
 * the stream's own.
 *
 * size     set to their number, unless it is NULL
 *
 * Returns  a block of malloc's with a '\0' behind the bytes, or NULL with errno and the
 *          bytes untouched. The block belongs to the caller, who frees it.
 * Errors   EBADF    stream is opened with "r"
 *          ENOTSUP  a section; or as for filelike_view
 */
void *filelike_detach(FILE *stream, size_t *size) FILELIKE_GIVES_BLOCK
    FILELIKE_NONNULL(1);

/* Cuts the bytes, or extends them with zero bytes. The position stays, the end-of-file
 * indicator is cleared.
 *
 * size     the number of bytes wanted, from 0
 *
 * Returns  0, or -1 with errno and the bytes untouched.
 * Errors   EBADF   stream is opened with "r"
 *          EINVAL  size is negative
 *          EFBIG   size is more than size_limit
 *          ENOSPC  a fixed block: size is more than capacity
 */
int filelike_truncate(FILE *stream, int64_t size) FILELIKE_NONNULL(1);

/* Tells where the bytes are. It works also where no descriptor is left.
 *
 * Returns  1 if they are in memory, a memory file of the kernel included, 0 if not, or -1
 *          with errno.
 * Errors   ENOTSUP  a custom stream
 */
int filelike_in_memory(FILE *stream) FILELIKE_NONNULL(1);

/* Moves the bytes of a spooled stream to disk now.
 *
 * Returns  0, also if the bytes of a stream of any kind are on disk already; or -1 with
 *          errno, and they stay where they are.
 * Errors   ENOTSUP  the bytes are in memory, and the stream is not a spooled one
 *          If the move fails, its errno.
 */
int filelike_rollover(FILE *stream) FILELIKE_NONNULL(1);

/* Gives a descriptor of the file that holds the bytes. Its offset is the stream's
 * position, as with fopen's stream and its fileno (POSIX XSH 2.5.1). On glibc fileno
 * answers, too, from now on.
 *
 * A spooled stream, and one with a budget, moves to disk for it. A memory stream moves to
 * a memory file of the kernel. Pushed-back characters are given up. The descriptor allows
 * at least what the stream's mode does, and that of a reopened stream just that.
 *
 * Returns  the descriptor, which belongs to the stream and is open as long as that, or -1
 *          with errno.
 * Errors   ENOTSUP  a section, a fixed block, a custom stream; or a reopened stream where
 *                   there is no /proc
 *          EACCES   a reopened stream where the process may not open the file: it has
 *                   given up the right, or permissions do not allow it
 */
int filelike_fileno(FILE *stream) FILELIKE_NONNULL(1);

/* Gives a path under which this and other processes of the user can open the bytes while
 * the stream is open: an absolute one that leads to the file of a named stream, else
 * /proc/PID/fd/N, moving the bytes as filelike_fileno does.
 *
 * Returns  the path, which belongs to the stream and is valid until the stream is closed
 *          or asked again, or NULL with errno.
 * Errors   ENOTSUP  there is no /proc; or as for filelike_fileno
 */
const char *filelike_path(FILE *stream) FILELIKE_NONNULL(1);

/* Keeps the file of a named stream: it is not removed.
 *
 * Returns  0, or -1 with errno.
 * Errors   ENOTSUP  the stream is no named one, and filelike_persist has given no file of
 *                   it away; or it is a native one
 */
int filelike_keep(FILE *stream) FILELIKE_NONNULL(1);

/* Gives up what was written. An atomic stream publishes nothing. The file of a named
 * stream is removed after all, also if it was kept. The close operation of a custom
 * stream gets ECANCELED. fclose of the stream then returns 0, whatever was lost.
 *
 * Returns  0, or -1 with errno.
 * Errors   ECHILD   in a forked child, of its parent's atomic stream
 *          ENOTSUP  the stream is none of these
 */
int filelike_discard(FILE *stream) FILELIKE_NONNULL(1);

/* Puts the bytes of the stream at path, atomically and durably, by the rules of
 * filelike_atomic.
 *
 * A named or temporary stream gives its file away, as rename does: it goes on, on the
 * file that is now path, and nothing removes that any more. So does a stream of the C
 * library's whose file has no name. If the file cannot be moved, to another filesystem
 * for example, path gets a copy, and the stream stays what it was. A file that is
 * persisted again is copied.
 *
 * From all other kinds of streams path gets a copy of the bytes of this moment. A file
 * that fopen opened by a name is not changed in any way.
 *
 * path     the file to replace or create; symbolic links are followed
 * flags    FILELIKE_NOREPLACE: fail if path exists. FILELIKE_NOSYNC: do not wait for the
 *          disk.
 *
 * Returns  0, or -1 with errno, and both path and the stream are as before (unless only
 *          the sync of the new name failed).
 * Errors   EINVAL  flags has an unknown bit
 *          ECHILD  in a forked child, of its parent's atomic stream
 *          and as filelike_atomic
 *          If the stream has lost a write, the errno of the first one.
 */
int filelike_persist(FILE *stream, const char *path, unsigned flags) FILELIKE_CHECK
    FILELIKE_NONNULL(1) FILELIKE_NONNULL(2);

/* Tells of the first error of the stream.
 *
 * Returns  the errno of its first lost write or failed read, 0 if there was none, or -1
 *          with errno ENOTSUP. A call that stdio itself refuses (reading a stream opened
 *          with "w") is no error of the stream. Of a native stream only the indicator is
 *          known: EIO where it is set.
 */
int filelike_error(FILE *stream) FILELIKE_NONNULL(1);

#if defined __GNUC__ && !defined FILELIKE_LOCAL
#pragma GCC visibility pop
#endif

/* ---- End of scope --------------------------------------------------------------------
 */

#if defined __GNUC__
/* FILELIKE_AUTO FILE *f = ...; closes f at the end of its scope, unless it is NULL. The
 * result of fclose is lost: close by hand where it matters that the bytes are stored. */
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
