/* A stream: a handle of a store, and the errors so far. What stdio calls through its
 * callbacks, and what the openers make. */
#ifndef STREAM_H
#define STREAM_H

#include "store/handle.h"

#include <stdio.h>

struct stream;

/* What else closing a stream does. */
struct stream_ending {
    /* LOST is the errno of the first lost write, or 0. Returns the errno that fclose is
     * to report, or 0. Frees itself. */
    int (*end)(struct stream_ending *, struct stream *, int lost);
};

struct stream {
    _Atomic(struct stream *) next; /* in the registry's list */
    FILE *file;
    struct store *store; /* a reference */
    struct handle handle;
    struct stream_ending *ending;
    char *path;           /* what filelike_path has answered, or NULL */
    unsigned mode;        /* MODE_* */
    unsigned process;     /* the process_number of who opened it */
    int lost_write;       /* errno of the first one, or 0 */
    int first_error;      /* errno of the first lost write or failed read, or 0 */
    mode_t permissions;   /* of a file that filelike_persist makes; 0: as stdio would */
    bool wrote_last;      /* rather than read */
    bool sought;          /* by the last call */
    bool readers_only;    /* filelike_reopen may not write */
    bool discarded;       /* nobody wants to hear of lost writes any more */
    size_t wanted_buffer; /* bytes of stdio's, as asked for at opening; 0: none named */

    /* The cookie room's. */
    /* How many of SIZE bytes, for BUFFER. */
    size_t (*worth_reading)(struct stream *, const char *buffer, size_t size);
    bool shown;        /* its FILE is one that glibc.c knows, */
    bool marked;       /* and can be marked while it seeks */
    bool has_moved;    /* its bytes, to a descriptor; as long as LATE_SIZE is not 0 */
    size_t late_size;  /* of the buffer that stdio gets once they have; 0: none */
    char *late_buffer; /* or NULL */
    void *wide_state;  /* see glibc_wide.h; or NULL */
    const void *operations; /* of its FILE, at first */
    size_t buffer_size;     /* stdio's */
    /* For it, or nothing: neither C library touches it between the close callback, which
     * frees it, and the end of fclose. See cookie_buffer_room. */
    char buffer[];
};

/* A stream on STORE, whose reference it takes over on success. INIT is handle_init or
 * handle_init_first. Stdio's buffer is to hold BUFFER_SIZE bytes, and takes BUFFER_ROOM
 * bytes of the stream. NULL with errno. */
struct stream *stream_create(struct store *store, unsigned mode,
    int (*init)(struct handle *, struct store *, unsigned mode), size_t buffer_size,
    size_t buffer_room);

/* For a stream that nobody has got: leaves the reference to the caller again. */
void stream_abandon(struct stream *stream);

/* The callbacks. A write is all or nothing; it and a failed read are remembered. */
ssize_t stream_read(struct stream *stream, void *buffer, size_t size);
int stream_write(struct stream *stream, const void *data, size_t size);
int64_t stream_seek(struct stream *stream, int64_t offset, int whence);
int64_t stream_tell(struct stream *stream);
int stream_close(struct stream *stream);

/* Whether closing the stream puts a file in place, but for the parent of this process:
 * here nothing that is done to it may change that file, nor move a position. */
bool stream_is_parents(const struct stream *stream);

/* Remembers that a write was lost, with ERROR, unless another one was before. */
void stream_lose_write(struct stream *stream, int error);

#endif
