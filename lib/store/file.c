#include <config.h>

#include "store/file.h"

#include "base/call.h"
#include "files/copy.h"
#include "files/descriptor.h"
#include "files/filesystem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct file *file_of(struct store *store)
{
    return (struct file *) store;
}

/* ---- Reading and writing --------------------------------------------------------- */

ssize_t file_read(struct store *store, void *buffer, size_t size, int64_t position)
{
    /* pread fails with EINVAL if position + size is more than an off_t holds. */
    if (size > (uint64_t) (INT64_MAX - position))
        size = (size_t) (INT64_MAX - position);
    return descriptor_pread(store->descriptor, buffer, size, position);
}

static int64_t current_size(const struct store *store)
{
    return descriptor_size(store->descriptor);
}

/* Returns 0 if the kernel knows the size, else -1 with ENOTSUP. */
static int verify_size(struct file *file)
{
    if (file->size_is_unverified && filesystem_check_size(file->store.descriptor) != 0)
        return -1;
    file->size_is_unverified = false;
    return 0;
}

int64_t file_size(struct store *store)
{
    if (verify_size(file_of(store)) != 0)
        return -1;
    return current_size(store);
}

/* The system may write a part and then fail, on a full disk for example. That part is
 * taken back, so that a failed write stores nothing. */
int file_write(struct store *store, const void *data, size_t size, int64_t position)
{
    int descriptor = store->descriptor;
    int64_t old_size = store_size_for_undo(store, position, size);
    size_t written;
    if (old_size == -1)
        return -1;
    if (descriptor_pwrite_noappend(descriptor, data, size, position, &written) == 0)
        return 0;
    if (written > 0)
        descriptor_take_back(descriptor, position + (int64_t) written, old_size);
    return -1;
}

/* Appends the REST of data, of whose beginning the system has stored only a part. BEFORE
 * was the end before, and STORED_END was the end behind that part. On failure the part is
 * taken back, unless somebody else has appended behind it. */
static int append_rest(struct store *store, const char *rest, size_t size, int64_t before,
    int64_t stored_end)
{
    int64_t end = current_size(store);
    if (end == -1)
        return -1;
    if (file_write(store, rest, size, end) == 0)
        return 0;
    if (end == stored_end)
        descriptor_take_back(store->descriptor, end, before);
    return -1;
}

/* The kernel finds the end, because other stores and processes may append to the same
 * file at the same time. */
int file_append(struct store *store, const void *data, size_t size, int64_t *end)
{
    int64_t before = current_size(store);
    if (before == -1)
        return -1;
    ssize_t done = descriptor_append(store->descriptor, data, size, before);
    if (done == -1)
        return -1;
    if ((size_t) done < size && append_rest(store, (const char *) data + done,
                                    size - (size_t) done, before, before + done) != 0)
        return -1;
    int64_t behind = current_size(store);
    /* The bytes are stored, so a failure to ask for the end is none of the append. */
    *end = behind != -1 ? behind : before + (int64_t) size;
    return 0;
}

int file_truncate(struct store *store, int64_t size)
{
    if (verify_size(file_of(store)) != 0 ||
        descriptor_truncate(store->descriptor, size) != 0)
        return -1;
    store->seen_size = 0;
    file_unmap(file_of(store));
    return 0;
}

/* ---- All of the bytes at once ---------------------------------------------------- */

/* Sets *SIZE to the size of the file. Fails with ENOMEM if the file and a '\0' behind it
 * are larger than any object in memory. */
static int size_for_block(struct store *store, size_t *size)
{
    int64_t bytes = file_size(store);
    if (bytes == -1)
        return -1;
    if (bytes >= PTRDIFF_MAX)
        return call_fail(ENOMEM);
    *size = (size_t) bytes;
    return 0;
}

/* Maps the file so that a '\0' follows the last byte. The kernel fills the rest of the
 * last page with zero bytes (POSIX, mmap). If the size is a multiple of the page size,
 * there is no rest. Therefore anonymous memory that is one byte longer is mapped first,
 * and the file is mapped over it. */
static void *map_with_terminator(int descriptor, size_t size)
{
    char *base = mmap(NULL, size + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mmap(base, size, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0) != MAP_FAILED)
        return base;
    KEEPING_ERRNO((void) munmap(base, size + 1));
    return NULL;
}

void file_unmap(struct file *file)
{
    void *mapping = file->mapping;
    file->mapping = NULL;
    if (mapping != NULL)
        (void) munmap(mapping, file->mapping_length);
}

const void *file_view(struct store *store, size_t *size)
{
    struct file *file = file_of(store);
    if (size_for_block(store, size) != 0)
        return NULL;
    if (*size == 0)
        return "";
    if (file->mapping != NULL && file->mapping_length == *size + 1)
        return file->mapping;
    int opened;
    int descriptor = descriptor_obtain_readable(file->store.descriptor, &opened);
    void *mapping = descriptor == -1 ? NULL : map_with_terminator(descriptor, *size);
    descriptor_close(opened);
    if (mapping == NULL)
        return NULL;
    file_unmap(file);
    file->mapping_length = *size + 1;
    call_keep_order(); /* a child unmaps by the length */
    file->mapping = mapping;
    return mapping;
}

/* Reads the first *SIZE bytes to a block of malloc's with a '\0' behind them. Sets *SIZE
 * to the number that were there. */
static char *read_whole(struct store *store, size_t *size)
{
    int opened;
    int descriptor = descriptor_obtain_readable(store->descriptor, &opened);
    char *bytes = descriptor == -1 ? NULL : malloc(*size + 1);
    ssize_t count = bytes == NULL ? -1 : descriptor_pread(descriptor, bytes, *size, 0);
    descriptor_close(opened);
    if (count == -1) {
        free(bytes);
        return NULL;
    }
    *size = (size_t) count;
    bytes[count] = '\0';
    return bytes;
}

void *file_detach(struct store *store, size_t *size)
{
    if (size_for_block(store, size) != 0)
        return NULL;
    char *bytes = read_whole(store, size);
    if (bytes != NULL && file_truncate(store, 0) == 0)
        return bytes;
    call_free(bytes);
    return NULL;
}

int file_copy_to(struct store *store, int target)
{
    int opened;
    int descriptor = descriptor_obtain_readable(store->descriptor, &opened);
    int status = descriptor == -1 ? -1 : copy_file(descriptor, target);
    descriptor_close(opened);
    return status;
}

/* ---- Beginning and end ----------------------------------------------------------- */

int file_finish(struct file *file)
{
    file_unmap(file);
    return descriptor_close_checked(file->store.descriptor);
}

static int file_destroy(struct store *store)
{
    int status = file_finish(file_of(store));
    call_free(store);
    return status;
}

static const struct store_operations file_operations = {
    FILE_OPERATIONS,
    .destroy = file_destroy,
};

void file_begin(struct file *file, int descriptor)
{
    file->mapping = NULL;
    file->size_is_unverified = false;
    file->store.descriptor = descriptor;
}

void file_init(struct file *file, int descriptor, uint64_t size_limit)
{
    store_init(&file->store, &file_operations, size_limit);
    file_begin(file, descriptor);
}

void file_set_size_unverified(struct store *store)
{
    file_of(store)->size_is_unverified = true;
}

struct store *file_create(int descriptor, uint64_t size_limit)
{
    struct file *file = descriptor != -1 ? malloc(sizeof *file) : NULL;
    if (file == NULL) {
        descriptor_close(descriptor);
        return NULL;
    }
    file_init(file, descriptor, size_limit);
    return &file->store;
}
