/* A store: where the bytes of a stream live. It knows positions, but no stream.
 *
 * Several streams may share one store, from several threads, so the holder of a reference
 * locks it around each of the operations below. References are counted: the last release
 * destroys the store. */
#ifndef STORE_H
#define STORE_H

#include "base/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

/* What a kind of store can do. Failures are -1 or NULL with errno, and lose nothing. A
 * kind leaves NULL what means nothing to it, which is ENOTSUP then; all kinds have read
 * and destroy, and those that may be written have write and append. */
struct store_operations {
    /* At most SIZE bytes from POSITION on; 0 at the end or past it. */
    ssize_t (*read)(struct store *, void *buffer, size_t size, int64_t position);
    /* All of the SIZE bytes or none; a gap before POSITION is filled with zero bytes. */
    int (*write)(struct store *, const void *data, size_t size, int64_t position);
    /* The same at the end, wherever that is when the bytes are written; sets *END to the
     * position behind them. */
    int (*append)(struct store *, const void *data, size_t size, int64_t *end);
    int (*truncate)(struct store *, int64_t size);
    int64_t (*size)(struct store *);
    /* Valid until the next write, truncation or destruction; never NULL on success. */
    const void *(*view)(struct store *, size_t *size);
    /* The bytes as a block of malloc's with a '\0' behind; the store is empty then. */
    void *(*detach)(struct store *, size_t *size);
    /* Writes the bytes to the start of the file of TARGET, a descriptor. */
    int (*copy_to)(struct store *, int target);
    /* The descriptor that holds the bytes, or -1 (no failure) while there is none. NULL:
     * there never is one. */
    int (*descriptor)(const struct store *);
    /* Moves the bytes to where they have a descriptor, or to disk, unless they are there.
     */
    int (*obtain_descriptor)(struct store *);
    int (*move_to_disk)(struct store *);
    int (*in_memory)(const struct store *);
    /* Around writes, by whatever means, after a view. It is not valid any more, but its
     * bytes stay until the end, as the writes may be made of them. NULL: they do. */
    void (*retain_view)(struct store *);
    void (*release_view)(struct store *);
    /* 0 where another stream, in MODE (MODE_* bits), may share the store, else -1 with
     * errno. NULL: any may. */
    int (*check_mode)(const struct store *, unsigned mode);
    /* The file stays, or nobody wants what was written any more. */
    int (*keep)(struct store *);
    int (*discard)(struct store *);
    /* 0, or -1 with errno where bytes that outlive the store may be lost by that. */
    int (*destroy)(struct store *);
};

struct handle;

struct store {
    const struct store_operations *operations;
    struct handle *first; /* see handle.h; or NULL */
    struct store *guard;  /* whose lock this one is under: its own, or another's */
    struct lock lock;
    atomic_uint references;
    int64_t size_limit; /* bytes */
    int lost_write;     /* errno of the first one, by whichever stream; or 0 */
    bool viewed;        /* since the last write */
    bool spills;        /* moves to disk by itself, where memory does not suffice */
    /* Whose writes may be made of a view; or NULL. */
    struct handle *view_writer;
};

/* A new store has one reference. A SIZE_LIMIT of 0 is no limit. */
void store_init(
    struct store *store, const struct store_operations *operations, uint64_t size_limit);
void store_retain(struct store *store);
/* What destroy returned, where it was the last reference, else 0. */
int store_release(struct store *store);

/* Puts a new store under the lock of OTHER, on which it has a reference. */
void store_share_lock_of(struct store *store, struct store *other);

void store_lock(struct store *store);
bool store_try_lock(struct store *store);
void store_unlock(struct store *store);

/* The operations, with the size limit enforced: EFBIG past it. */
ssize_t store_read(struct store *store, void *buffer, size_t size, int64_t position);
int store_write(struct store *store, const void *data, size_t size, int64_t position);
int store_append(struct store *store, const void *data, size_t size, int64_t *end);
int store_truncate(struct store *store, int64_t size);
int64_t store_size(struct store *store);
const void *store_view(struct store *store, size_t *size);
void *store_detach(struct store *store, size_t *size);
int store_copy_to(struct store *store, int target);
int store_descriptor(const struct store *store);
int store_obtain_descriptor(struct store *store);
int store_move_to_disk(struct store *store);
int store_in_memory(const struct store *store);
int store_check_mode(const struct store *store, unsigned mode);
int store_keep(struct store *store);
int store_discard(struct store *store);

/* Whether the bytes may be cut and extended at all. */
bool store_can_truncate(const struct store *store);

/* Whether the bytes come in order, as through a pipe: the store has no size. */
bool store_is_sequential(const struct store *store);

/* Whether the bytes have no descriptor, but can move to one. */
bool store_can_move(const struct store *store);

void store_retain_view(struct store *store);
void store_release_view(struct store *store);

/* 0 where SIZE bytes from POSITION on are within the limit, else -1 with EFBIG. */
int store_check_limit(const struct store *store, int64_t position, size_t size);

/* After a change that has failed: 0 where that was for lack of memory and the bytes have
 * moved to disk, so that another try is worth it; else -1, and errno says why. */
int store_spill(struct store *store);

/* The append operation of a store whose end nobody else moves. */
int store_append_by_write(
    struct store *store, const void *data, size_t size, int64_t *end);

#endif
