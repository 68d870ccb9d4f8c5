/* The operations that a caller has given to filelike_custom. These functions call them as
 * filelike_custom promises and check their results: a signal or a short transfer is
 * followed by another call, and a result that is not allowed becomes EIO. */
#ifndef BACKEND_H
#define BACKEND_H

#include "filelike.h"
#include "store/store.h"

/* The beginning of each store on such operations. */
struct backend {
    struct store store; /* must be first */
    void *context;
    struct filelike_operations operations;
    bool owns_context; /* the operation close is called at the end */
    bool discarded;    /* filelike_discard was called */
};

/* The context stays the caller's until backend_take_context: nothing closes it before. */
void backend_init(struct backend *backend, const struct store_operations *kind,
    void *context, const struct filelike_operations *operations, uint64_t size_limit);
void backend_take_context(struct store *store);

/* Returns 0 if OPERATIONS has all that MODE (MODE_* bits) needs, else -1 with EINVAL. */
int backend_check_mode(const struct filelike_operations *operations, unsigned mode);

/* Each calls the operation of that name, which must not be NULL. Only a missing truncate
 * is allowed, and fails with ENOTSUP. */
ssize_t backend_read(
    const struct backend *backend, void *buffer, size_t size, int64_t position);

/* Writes all of the SIZE bytes, else returns -1. Sets *TAKEN to the number of bytes that
 * the operation took, also on failure. */
int backend_write(const struct backend *backend, const void *data, size_t size,
    int64_t position, size_t *taken);

int64_t backend_size(const struct backend *backend);
int backend_truncate(const struct backend *backend, int64_t size);

/* The operation discard of struct store_operations. */
int backend_discard(struct store *store);

/* Closes the context, if the store owns it. Returns 0, or -1 with the errno that fclose
 * reports. */
int backend_close(const struct backend *backend);

#endif
