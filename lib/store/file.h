/* A store in a file, reached through a descriptor.
 *
 * The size is asked of the kernel each time, because others may write to the file too.
 * The descriptor's offset is not used, because forked processes share it. */
#ifndef FILE_H
#define FILE_H

#include "store/store.h"

struct file {
    struct store store;
    void *mapping; /* what the last view returned; or NULL */
    size_t mapping_length;
    bool size_is_unverified; /* the kernel may not know the size, as in /proc */
};

/* Begins a store that is a part of a larger object. DESCRIPTOR stays the caller's. */
void file_init(struct file *file, int descriptor, uint64_t size_limit);

/* Lets the bytes be in the file of DESCRIPTOR from now on. For a store that is
 * initialized and begins with a struct file. */
void file_begin(struct file *file, int descriptor);

/* Unmaps what the last view returned. */
void file_unmap(struct file *file);

/* Ends what file_init began, and closes the descriptor as descriptor_close_checked does.
 */
int file_finish(struct file *file);

/* Makes a store that owns DESCRIPTOR. Closes DESCRIPTOR and returns NULL with ENOMEM if
 * that fails. If DESCRIPTOR is -1, returns NULL and keeps errno. */
struct store *file_create(int descriptor, uint64_t size_limit);

/* Lets the store check whether the kernel knows the file's size before it relies on it.
 * If the kernel does not, as in /proc, operations that need the size fail with ENOTSUP.
 * For files that the library has not made. */
void file_set_size_unverified(struct store *store);

/* The operations of struct store_operations, for kinds that are files, too. */
ssize_t file_read(struct store *store, void *buffer, size_t size, int64_t position);
int file_write(struct store *store, const void *data, size_t size, int64_t position);
int file_append(struct store *store, const void *data, size_t size, int64_t *end);
int file_truncate(struct store *store, int64_t size);
int64_t file_size(struct store *store);
const void *file_view(struct store *store, size_t *size);
void *file_detach(struct store *store, size_t *size);
int file_copy_to(struct store *store, int target);

/* All of them, for a table of operations. */
#define FILE_OPERATIONS                                              \
    .read = file_read, .write = file_write, .append = file_append,   \
    .truncate = file_truncate, .size = file_size, .view = file_view, \
    .detach = file_detach, .copy_to = file_copy_to

#endif
