/* A small filesystem, in memory and without directories, that misbehaves as a test wants
 * it. Bytes that were not synced are lost where a sync fails: zero bytes take their
 * place.
 */
#ifndef FAULTY_H
#define FAULTY_H

#include "fuse_server.h"

/* The faults of the filesystem. All can be changed at any time, but the kernel
 * remembers an answer of ENOSYS as long as the filesystem is mounted. Each int is the
 * errno to fail with, 0: no fault. */
struct faulty_settings {
    int sync_once;   /* the next fsync of a file with bytes to sync, and they are lost */
    int close_once;  /* the next close of a file that was written to, likewise */
    bool lacks_sync; /* fsync does nothing (ENOSYS), a close syncs */
    int sync_directory; /* fsync of the directory */
    int change_mode;
    int change_owner;
    int link;
    int rename_flags; /* rename with flags */
    mode_t mode;      /* of each file, whatever was asked for; 0: they have their own */
};

struct faulty {
    struct fuse_server server;
    struct faulty_settings *settings; /* shared with the server */
};

/* Mounts one over DIRECTORY, for LIMIT seconds at most. False with errno. */
bool faulty_start(struct faulty *faulty, const char *directory, unsigned limit);
void faulty_stop(struct faulty *faulty);

#endif
