/* A filesystem whose calls a child of the test answers, through FUSE. */
#ifndef FUSE_SERVER_H
#define FUSE_SERVER_H

#define FUSE_USE_VERSION 34
#include <fuse_lowlevel.h>

#include <stdbool.h>
#include <sys/types.h>

struct fuse_server {
    pid_t process;
    const char *directory; /* it is mounted there */
};

/* Mounts over DIRECTORY a filesystem that OPERATIONS serve with CONTEXT, in mounts of the
 * test's own (mounts_begin). The child has a copy of CONTEXT, so data that changes has to
 * be in shared memory. The child ends with the test, or after LIMIT seconds, so that no
 * process waits for its answers for ever. False with errno if FUSE is not available. */
bool fuse_server_start(struct fuse_server *server, const char *directory,
    const struct fuse_lowlevel_ops *operations, void *context, unsigned limit);

/* Unmounts the filesystem, even if it is still in use. */
void fuse_server_stop(struct fuse_server *server);

#endif
