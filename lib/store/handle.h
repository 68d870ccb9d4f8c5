/* A handle: a position in a store, and what reads and writes there.
 *
 * It is what POSIX calls a handle of an open file description (XSH 2.5.1). A store has a
 * first handle, that of the stream which opened it: from the moment that the bytes have a
 * descriptor its position is the offset of that, so that the stream and whoever else uses
 * the descriptor follow each other. The position of any other handle is kept here, until
 * its descriptor is asked for: it then gets an open file description of its own.
 *
 * The holder locks the store around each of these calls, as around those of store.h. */
#ifndef HANDLE_H
#define HANDLE_H

#include "store/store.h"

struct handle {
    struct store *store;
    int descriptor;   /* whose offset is the position; or -1 */
    int64_t position; /* while there is no descriptor */
    unsigned mode;    /* MODE_* */
    /* Told when there is a descriptor; or NULL. */
    void (*descriptor_changed)(struct handle *);
};

/* The first handle of STORE, or another. "a" starts at the end, others start at 0. 0, or
 * -1 with errno. */
int handle_init_first(struct handle *handle, struct store *store, unsigned mode);
int handle_init(struct handle *handle, struct store *store, unsigned mode);

/* 0, or -1 with errno where closing a descriptor of its own tells of a lost write. The
 * store stays, with the descriptor that the first handle used. */
int handle_finish(struct handle *handle);

/* As read, but short only at the end. */
ssize_t handle_read(struct handle *handle, void *buffer, size_t size);

/* All of the SIZE bytes or none. A failure leaves the position as it was. */
int handle_write(struct handle *handle, const void *data, size_t size);

/* As lseek; and the position, or -1. */
int64_t handle_seek(struct handle *handle, int64_t offset, int whence);
int64_t handle_tell(const struct handle *handle);

/* The descriptor whose offset is the position, from now on; the bytes move where they
 * have none. -1 with errno. */
int handle_obtain_descriptor(struct handle *handle);

/* For each use that is not a write: the writes of before are over, see
 * retain_view in store.h. */
void handle_release_view(struct handle *handle);

/* Goes on from the same position, which is kept here from now on. */
void handle_leave_descriptor(struct handle *handle);

/* For a store whose bytes are about to move to the file of DESCRIPTOR: lets that have the
 * position of FIRST (NULL: none) and append if FIRST does. 0, or -1 with errno. */
int handle_prepare_descriptor(const struct handle *first, int descriptor);

/* The bytes have moved there: DESCRIPTOR has the position of FIRST (or NULL). */
void handle_set_descriptor(struct handle *first, int descriptor);

#endif
