/* Operations that the caller brings, called as filelike_custom promises, and their
 * results checked: a signal or a short transfer stops none of them, and what they may not
 * return is EIO. */
#ifndef BACKEND_H
#define BACKEND_H

#include "filelike.h"
#include "store/store.h"

/* The beginning of each store that has them. */
struct backend {
    struct store store; /* must be first */
    void *context;
    struct filelike_operations operations;
    bool owned;     /* the context is to be closed at the end */
    bool discarded; /* nobody wants what was written */
};

/* The context stays the caller's until backend_own. */
void backend_init(struct backend *backend, const struct store_operations *kind,
    void *context, const struct filelike_operations *operations, uint64_t size_limit);
void backend_own(struct store *store);

/* 0 where the operations that MODE (MODE_* bits) needs are there, else -1 with EINVAL. */
int backend_check_mode(const struct filelike_operations *operations, unsigned mode);

/* Each needs its operation; but without truncate there is ENOTSUP, and without close
 * nothing to do. */
ssize_t backend_read(
    const struct backend *backend, void *buffer, size_t size, int64_t position);

/* All of the SIZE bytes, or -1; *TAKEN tells how many were taken. */
int backend_write(const struct backend *backend, const void *data, size_t size,
    int64_t position, size_t *taken);

int64_t backend_size(const struct backend *backend);
int backend_truncate(const struct backend *backend, int64_t size);

/* For struct store_operations. */
int backend_discard(struct store *store);

/* Closes a context that is owned. 0, or -1 with the errno that fclose is to report. */
int backend_close(const struct backend *backend);

#endif
