/* A handle: a position in a store, at which a stream reads and writes.
 *
 * POSIX calls it a handle of an open file description (XSH 2.5.1). The first handle of a
 * store belongs to the stream that opened it. As soon as the bytes are in a file, the
 * position of the first handle is the offset of the store's descriptor. The stream and
 * everybody else who uses that descriptor then follow each other. Any other handle keeps
 * its position here until its descriptor is asked for. It then opens the file again, and
 * so gets an offset of its own.
 *
 * The caller locks the store around each of these calls, as around those of store.h. */
#ifndef HANDLE_H
#define HANDLE_H

#include "store/store.h"

struct handle {
    struct store *store;
    int descriptor;   /* its offset is the position; or -1 */
    int64_t position; /* counts while there is no descriptor */
    unsigned mode;    /* MODE_* bits */
    /* Called when the handle has got a descriptor; or NULL. */
    void (*descriptor_changed)(struct handle *);
};

/* Begins the first handle of STORE, or another one. Mode "a" starts at the end, all
 * others start at 0. Returns 0, or -1 with errno. */
int handle_init_first(struct handle *handle, struct store *store, unsigned mode);
int handle_init(struct handle *handle, struct store *store, unsigned mode);

/* Ends a handle and closes a descriptor of its own. The first handle has none: it used
 * that of the store, which stays open. Returns 0, or -1 with errno if closing tells of a
 * lost write. */
int handle_finish(struct handle *handle);

/* Reads as read(2) does, but returns fewer bytes than asked for only at the end. */
ssize_t handle_read(struct handle *handle, void *buffer, size_t size);

/* Writes all of the SIZE bytes or none. A failure leaves the position as it was. */
int handle_write(struct handle *handle, const void *data, size_t size);

/* Moves the position as lseek does, or tells it. Both return it, or -1 with errno. */
int64_t handle_seek(struct handle *handle, int64_t offset, int whence);
int64_t handle_tell(const struct handle *handle);

/* Returns a descriptor whose offset is the position from now on, or -1 with errno. Bytes
 * that are in no file yet move to one. */
int handle_obtain_descriptor(struct handle *handle);

/* Tells that the writes which followed a view are over (see retain_view in store.h). Any
 * use of the stream that is no write proves that, and calls this function. */
void handle_release_view(struct handle *handle);

/* Keeps the position here from now on rather than in the descriptor's offset. */
void handle_stop_using_descriptor(struct handle *handle);

/* Prepares DESCRIPTOR for a store whose bytes are about to move to its file: sets its
 * offset to the position of FIRST, and O_APPEND if FIRST appends. FIRST may be NULL.
 * Returns 0, or -1 with errno. */
int handle_prepare_descriptor(const struct handle *first, int descriptor);

/* Lets the offset of DESCRIPTOR be the position of HANDLE (may be NULL) from now on. */
void handle_set_descriptor(struct handle *handle, int descriptor);

#endif
