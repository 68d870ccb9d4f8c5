/* A store in a file: bytes behind a descriptor, with positions of our own.
 *
 * Nothing of the file is remembered here, because others may write through the descriptor
 * too; and its offset is not used, because forked processes share it. */
#ifndef FILE_H
#define FILE_H

#include "store/store.h"

#include <sys/stat.h>

struct file {
    struct store store;
    int descriptor;
    dev_t device; /* which file it is */
    ino_t inode;
    void *mapping; /* of the last view; or NULL */
    size_t mapping_length;
    bool size_is_doubted; /* whether the kernel tells it has not been asked yet */
};

/* A store on DESCRIPTOR, which stays the caller's; for an object that embeds this one. */
void file_init(struct file *file, int descriptor, uint64_t size_limit);

/* Whether STATUS is that of the file. */
bool file_is(const struct file *file, const struct stat *status);

/* The number of the descriptor may be that of another file by now: nothing more is done
 * with it, and what is still asked of the bytes is EBADF. */
void file_lose_descriptor(struct file *file);

/* Gives the mapping back. */
void file_unmap(struct file *file);

/* Keeps the file in use, so that no other gets its inode, without a descriptor; NULL
 * where that cannot be had. And ends it. */
void *file_hold(const struct file *file);
void file_let_go(void *held);

/* The same, and closes the descriptor: as descriptor_close_checked. */
int file_finish(struct file *file);

/* A store that owns DESCRIPTOR and closes it. NULL on failure, DESCRIPTOR the caller's.
 */
struct store *file_create(int descriptor, uint64_t size_limit);

/* For a file that others have made: what needs its size is ENOTSUP where the kernel does
 * not tell that. */
void file_doubt_size(struct store *store);

/* The operations of struct store_operations. */
ssize_t file_read(struct store *store, void *buffer, size_t size, int64_t position);
int file_write(struct store *store, const void *data, size_t size, int64_t position);
int file_append(struct store *store, const void *data, size_t size, int64_t *end);
int file_truncate(struct store *store, int64_t size);
int64_t file_size(struct store *store);
const void *file_view(struct store *store, size_t *size);
void *file_detach(struct store *store, size_t *size);
int file_copy_to(struct store *store, int target);
int file_descriptor(const struct store *store);
int file_obtain_descriptor(struct store *store);
int file_move_to_disk(struct store *store);
int file_in_memory(const struct store *store);

#endif
