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

/* Mounts over DIRECTORY what OPERATIONS do with CONTEXT, in mounts of the test's own
 * (mounts_begin). The child has a copy of CONTEXT: what is to change is in memory that
 * both share. It ends with the test, or after LIMIT seconds, so that nothing that waits
 * for an answer waits for ever. False with errno where FUSE cannot be had. */
bool fuse_server_start(struct fuse_server *server, const char *directory,
    const struct fuse_lowlevel_ops *operations, void *context, unsigned limit);

/* Takes it away, whoever still uses it. */
void fuse_server_stop(struct fuse_server *server);

#endif
