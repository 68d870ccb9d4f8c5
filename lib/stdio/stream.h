/* A stream: a handle of a store, and the errors so far. stdio reads and writes it through
 * callbacks, which cookie.c connects to the functions below. */
#ifndef STREAM_H
#define STREAM_H

#include "store/handle.h"

#include <stdio.h>

/* Bytes of stdio's buffer. glibc refills it at each seek, so in memory a large buffer
 * makes random access slow. On disk it is the size of each system call's transfer. On
 * what the caller has it is that of the C library's own streams there: BUFSIZ. A
 * stream that starts empty may stay small: a new file begins with a page, the others with
 * what makes one block with the stream that malloc has at hand. glibc fills all of a
 * native stream's buffer after a seek, so there it is smaller. A native stream on a
 * memory file has what stdio itself would choose; stdio would ask for the file's status
 * before. */
enum {
    BUFFER_AT_FIRST = 512,
    BUFFER_IN_MEMORY = 1024,
    BUFFER_OF_NEW_FILE = 4096,
    BUFFER_OF_MEMORY_FILE = 4096,
    BUFFER_OF_CALLER = 8192,
    BUFFER_OF_NATIVE_FILE = 8192,
    BUFFER_ON_DISK = 16384
};

struct stream;

/* A step of closing a stream, beside the release of its store. An atomic stream puts its
 * file in place here. */
struct close_action {
    /* FAILURE is the errno that fclose would report without this step, or 0. Returns the
     * errno that fclose is to report, or 0. Frees itself. */
    int (*run)(struct close_action *, struct stream *, int failure);
};

struct stream {
    _Atomic(struct stream *) next; /* in the registry's list */
    FILE *file;
    struct store *store; /* a reference */
    struct handle handle;
    int64_t program_position;          /* at the last seek, if the store is sequential */
    struct close_action *close_action; /* or NULL */
    char *path;                        /* last answer of filelike_path, or NULL */
    unsigned mode;                     /* MODE_* bits */
    unsigned process;    /* process_number of the process that opened the stream */
    int lost_write;      /* errno of the first lost write, or 0 */
    int first_error;     /* errno of the first lost write or failed read, or 0 */
    mode_t permissions;  /* of a file that filelike_persist makes; 0: as fopen's */
    bool wrote_last;     /* the last transfer was a write */
    bool sought_last;    /* the last callback was a seek */
    bool readers_only;   /* filelike_reopen may open it to read only */
    bool discarded;      /* lost writes are no longer reported */
    bool uses_internals; /* the members of glibc's FILE may be read and set */
    bool marks_seeks;    /* FILE->_offset may mark a seek in progress */
    size_t requested_buffer_size; /* options->buffer_size */
    size_t buffer_size;           /* of stdio's buffer */
    size_t next_buffer_size;  /* of the one that replaces it after this write; 0: none */
    size_t large_buffer_size; /* of the last one, unless the bytes are in memory; 0: the
                                 first one stays */
    void *wide_state;         /* see glibc_wide.h; or NULL */
    char *buffer; /* stdio's buffer, if libc_buffer_room is not 0. The close callback
                     frees it: no C library touches it after that. */
    char first_buffer[]; /* BUFFER_AT_FIRST bytes at most */
};

/* A stream on STORE. INIT is handle_init or handle_init_first. stdio's buffer will hold
 * BUFFER_SIZE bytes and take BUFFER_ROOM bytes. The caller holds the lock of STORE. The
 * reference to the store becomes the stream's on success. NULL with errno. */
struct stream *stream_create(struct store *store, unsigned mode,
    int (*init)(struct handle *, struct store *, unsigned mode), size_t buffer_size,
    size_t buffer_room);

/* Replaces the buffer in STREAM by BUFFER, which free can free. The caller does so for
 * stdio. */
void stream_set_buffer(struct stream *stream, char *buffer, size_t size);

/* Frees a stream that has no FILE yet. The reference to the store is the caller's again.
 */
void stream_abandon(struct stream *stream);

/* The callbacks. A write stores all bytes or none. Errors of writes and reads are
 * recorded in the stream. */
ssize_t stream_read(struct stream *stream, void *buffer, size_t size);
int stream_write(struct stream *stream, const void *data, size_t size);
int64_t stream_seek(struct stream *stream, int64_t offset, int whence);
int64_t stream_tell(struct stream *stream);
int stream_close(struct stream *stream);

/* Whether this process is a child that inherited the stream, and closing it in the parent
 * puts a file in place. The child may change neither that file nor a position. */
bool stream_belongs_to_parent(const struct stream *stream);

/* Records ERROR as the errno of the first lost write, if there was none before. */
void stream_record_lost_write(struct stream *stream, int error);

#endif
