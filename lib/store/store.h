/* A store: where the bytes of a stream live. It knows positions, but no stream.
 *
 * Several streams, used by several threads, may share one store. The caller therefore
 * locks the store around each operation below. References are counted, and the last
 * release destroys the store. */
#ifndef STORE_H
#define STORE_H

#include "base/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

/* The operations of a kind of store. A failed one returns -1 or NULL, sets errno and
 * loses no bytes. A kind sets the operations that do not apply to it to NULL, and the
 * functions below then fail with ENOTSUP, unless it says otherwise here. All kinds have
 * read and destroy, the writable ones have write, and those with truncate have detach. */
struct store_operations {
    /* Reads at most SIZE bytes from POSITION on. Returns their number, which is 0 at the
     * end and past it. */
    ssize_t (*read)(struct store *, void *buffer, size_t size, int64_t position);
    /* Writes all of the SIZE bytes or none. Zero bytes fill a gap before POSITION. */
    int (*write)(struct store *, const void *data, size_t size, int64_t position);
    /* Writes at the end, wherever that is at this moment. Sets *END to the position
     * behind the bytes. NULL: nobody moves the end without this store. */
    int (*append)(struct store *, const void *data, size_t size, int64_t *end);
    int (*truncate)(struct store *, int64_t size);
    int64_t (*size)(struct store *);
    /* Shows all bytes. They are valid until the next write, truncation or destruction.
     * The result is never NULL on success. */
    const void *(*view)(struct store *, size_t *size);
    /* Moves the bytes to a block of malloc's with a '\0' behind them, and empties the
     * store. */
    void *(*detach)(struct store *, size_t *size);
    /* Writes all bytes to the start of an empty file, whose descriptor is TARGET. */
    int (*copy_to)(struct store *, int target);
    /* Moves the bytes to a file, in memory or on disk, and lets the store have the
     * operations of a file from then on. */
    int (*move_to_file)(struct store *);
    /* Called when a view is no longer valid, and after the writes that ended it. The
     * caller may write the bytes of that view, so they must stay readable between the two
     * calls. NULL: they stay readable anyhow. */
    void (*retain_view)(struct store *);
    void (*release_view)(struct store *);
    /* Returns 0 if another stream in MODE (MODE_* bits) may share the store, else -1.
     * NULL: any stream may for which the operations suffice. */
    int (*check_mode)(const struct store *, unsigned mode);
    /* Keeps the file at the end, or gives up what was written. */
    int (*keep)(struct store *);
    int (*discard)(struct store *);
    /* Frees the store. Returns -1 if bytes that should outlive it may be lost, else 0. */
    int (*destroy)(struct store *);
};

struct handle;

struct store {
    /* One assignment changes them when the bytes move, so that a forked child finds the
     * store before the move or after it. */
    const struct store_operations *_Atomic operations;
    struct handle *first_handle; /* see handle.h; or NULL */
    /* The owner of the bytes: this store, or the one that it shows a part of. */
    struct store *owner;
    struct lock lock; /* unused if another store is the owner: its lock guards both */
    int descriptor;   /* of the file that holds the bytes; or -1 */
    atomic_uint references;
    int64_t size_limit; /* bytes */
    int64_t seen_size;  /* of the file, at some time since the library cut it */
    int lost_write;     /* errno of the first lost write of all streams; or 0 */
    bool viewed;        /* a view is valid */
    bool reaches_cancellation_points; /* in its operations, which leave it to store_lock
                                         to hold cancellation; may become true */
    bool holds_cancellation;          /* the holder of the lock does, see store_lock */
    int cancellation;                 /* the state before */
    bool in_memory;  /* the bytes are; if not, the filesystem of the descriptor knows */
    bool rolls_over; /* filelike_rollover may move them to disk from there */
    bool spills;     /* they move to disk by themselves when memory does not suffice */
    /* The handle whose writes are between retain_view and release_view; or NULL. */
    struct handle *view_writer;
};

/* A new store has one reference. A SIZE_LIMIT of 0 is no limit. */
void store_init(
    struct store *store, const struct store_operations *operations, uint64_t size_limit);
void store_retain(struct store *store);
/* Returns what destroy returns if this was the last reference, else 0. */
int store_release(struct store *store);

/* Holds cancellation until store_unlock, because a cancelled thread would leave the lock
 * locked. The caller has locked STORE. */
void store_hold_cancellation(struct store *store);
void store_release_cancellation(struct store *store);

/* The operations of a store that shows a part call those of the owner. A forked child may
 * find holds_cancellation true, as another thread left it. */
static inline void store_lock(struct store *store)
{
    lock_acquire(&store->owner->lock);
    store->owner->holds_cancellation = false;
    if (store->owner->reaches_cancellation_points)
        store_hold_cancellation(store);
}

bool store_try_lock(struct store *store);

static inline void store_unlock(struct store *store)
{
    if (store->owner->holds_cancellation)
        store_release_cancellation(store);
    lock_release(&store->owner->lock);
}

/* These call the operations. Changes past the size limit fail with EFBIG.
 * store_in_memory returns 1, 0 or -1. store_truncate and store_detach are for stores that
 * store_can_truncate. */
ssize_t store_read(struct store *store, void *buffer, size_t size, int64_t position);
int store_write(struct store *store, const void *data, size_t size, int64_t position);
int store_append(struct store *store, const void *data, size_t size, int64_t *end);
int store_truncate(struct store *store, int64_t size);
int64_t store_size(struct store *store);
const void *store_view(struct store *store, size_t *size);
void *store_detach(struct store *store, size_t *size);
int store_copy_to(struct store *store, int target);
int store_obtain_descriptor(struct store *store);
int store_move_to_disk(struct store *store);
int store_in_memory(const struct store *store);
int store_check_mode(const struct store *store, unsigned mode);
int store_keep(struct store *store);
int store_discard(struct store *store);

/* Tells whether the store has the operation truncate. */
static inline bool store_can_truncate(const struct store *store)
{
    return store->operations->truncate != NULL;
}

/* Tells whether the bytes come in order, as through a pipe. Such a store has no size. */
static inline bool store_is_sequential(const struct store *store)
{
    return store->operations->size == NULL;
}

/* Tells whether the bytes are in no file yet and can move to one. */
static inline bool store_can_move(const struct store *store)
{
    return store->operations->move_to_file != NULL;
}

void store_retain_view(struct store *store);
void store_release_view(struct store *store);

/* Returns 0 if SIZE bytes from POSITION on are within the limit, else -1 with EFBIG. */
int store_check_limit(const struct store *store, int64_t position, size_t size);

/* Returns the size to cut the file to if a write of SIZE bytes at BEGIN fails in the
 * middle, or -1 with errno. A write within a size that was seen adds nothing, so the
 * kernel is not asked. But if somebody else has shortened the file since, so that the
 * write does add bytes, it is cut to BEGIN. */
int64_t store_size_for_undo(struct store *store, int64_t begin, size_t size);

/* Moves the bytes to disk after a change failed for lack of memory. Returns 0 if the
 * change can be tried again, else -1, and errno says why the change failed. */
int store_spill(struct store *store);

#endif
