/* A small filesystem, in memory and without directories, that misbehaves as a test wants
 * it. If a sync fails, zero bytes replace the bytes that were not yet synced. */
#ifndef FAULTY_H
#define FAULTY_H

#include "fuse_server.h"

/* The faults of the filesystem. All can be changed at any time, but the kernel
 * remembers an answer of ENOSYS as long as the filesystem is mounted. Each int is the
 * errno to fail with, 0: no fault. */
struct faulty_settings {
    int sync_once;      /* the next fsync of a file with bytes to sync, which are lost */
    int close_once;     /* likewise, the next close of a file that was written to */
    bool lacks_sync;    /* fsync fails with ENOSYS, and close syncs */
    int sync_directory; /* fsync of the directory */
    int change_mode;
    int change_owner;
    int link;
    int rename_flags; /* rename with flags */
    bool hides_sizes; /* each file's size is told as 0 */
    mode_t mode;      /* of all files, whatever mode they were given; 0: their own */
};

struct faulty {
    struct fuse_server server;
    struct faulty_settings *settings; /* shared with the server */
};

/* Mounts the filesystem over DIRECTORY, for LIMIT seconds at most. False with errno. */
bool faulty_start(struct faulty *faulty, const char *directory, unsigned limit);
void faulty_stop(struct faulty *faulty);

#endif
