#include <config.h>

#include "store/spooled.h"

#include "base/call.h"
#include "files/descriptor.h"
#include "files/tempfile.h"
#include "store/file.h"
#include "store/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { DEFAULT_MEMORY_LIMIT = 1 << 20 /* bytes */ };

struct spooled {
    struct memory memory;   /* must be first: its operations are called with the store */
    struct store *file;     /* to which the bytes have moved; or NULL */
    struct tempdir tempdir; /* where the file is made */
};

static struct spooled *spooled_of(struct store *store)
{
    return (struct spooled *) store;
}

static struct store *moved_file(const struct store *store)
{
    return ((const struct spooled *) store)->file;
}

static bool has_moved(const struct spooled *spooled)
{
    return spooled->file != NULL;
}

/* ---- Moving ---------------------------------------------------------------------- */

static struct store *create_filled_file(struct spooled *spooled)
{
    int descriptor = tempfile_create_nameless(&spooled->tempdir, O_RDWR);
    if (descriptor == -1)
        return NULL;
    if (memory_copy_to(&spooled->memory.store, descriptor) == 0 &&
        handle_prepare_descriptor(spooled->memory.store.first_handle, descriptor) == 0)
        return file_create(descriptor, 0);
    descriptor_close(descriptor);
    return NULL;
}

/* Moves all bytes to a file, or leaves them in memory on failure. A valid view keeps its
 * bytes in memory until the next change. */
static int move_to_file(struct store *store)
{
    struct spooled *spooled = spooled_of(store);
    store->reaches_cancellation_points = true;
    store_hold_cancellation(store);
    struct store *file = create_filled_file(spooled);
    if (file == NULL)
        return -1;
    spooled->file = file;
    block_clear_unless_viewed(&spooled->memory.block);
    store->descriptor = file->descriptor;
    handle_set_descriptor(store->first_handle, store->descriptor);
    return 0;
}

static void spooled_retain_view(struct store *store)
{
    struct spooled *spooled = spooled_of(store);
    block_retain_view(&spooled->memory.block);
    if (has_moved(spooled))
        block_clear_unless_viewed(&spooled->memory.block);
}

static void spooled_release_view(struct store *store)
{
    block_release_view(&spooled_of(store)->memory.block);
}

/* A truncation ends all views, so the memory that they kept is freed. */
static void end_views(struct spooled *spooled)
{
    if (has_moved(spooled))
        block_clear(&spooled->memory.block);
}

/* ---- Operations ------------------------------------------------------------------ */

static ssize_t spooled_read(
    struct store *store, void *buffer, size_t size, int64_t position)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_read(store, buffer, size, position)
                        : store_read(file, buffer, size, position);
}

static int spooled_write(
    struct store *store, const void *data, size_t size, int64_t position)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_write(store, data, size, position)
                        : store_write(file, data, size, position);
}

static int spooled_append(
    struct store *store, const void *data, size_t size, int64_t *end)
{
    struct store *file = moved_file(store);
    return file == NULL ? store_append_by_write(store, data, size, end)
                        : store_append(file, data, size, end);
}

static int truncate_bytes(struct store *store, int64_t size)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_truncate(store, size) : store_truncate(file, size);
}

static int spooled_truncate(struct store *store, int64_t size)
{
    end_views(spooled_of(store));
    if (truncate_bytes(store, size) == 0)
        return 0;
    if (store_spill(store) != 0)
        return -1;
    end_views(spooled_of(store));
    return truncate_bytes(store, size);
}

static int64_t spooled_size(struct store *store)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_size(store) : store_size(file);
}

static const void *spooled_view(struct store *store, size_t *size)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_view(store, size) : store_view(file, size);
}

static void *spooled_detach(struct store *store, size_t *size)
{
    struct store *file = moved_file(store);
    if (file == NULL)
        return memory_detach(store, size);
    void *bytes = store_detach(file, size);
    if (bytes != NULL)
        end_views(spooled_of(store));
    return bytes;
}

static int spooled_copy_to(struct store *store, int target)
{
    struct store *file = moved_file(store);
    return file == NULL ? memory_copy_to(store, target) : store_copy_to(file, target);
}

/* ---- Beginning and end ----------------------------------------------------------- */

/* The file ends with the store, so a failure to close it loses nothing. */
static int spooled_destroy(struct store *store)
{
    struct spooled *spooled = spooled_of(store);
    if (has_moved(spooled))
        (void) store_release(spooled->file);
    block_finish(&spooled->memory.block);
    tempdir_finish(&spooled->tempdir);
    free(spooled);
    return 0;
}

static const struct store_operations spooled_operations = {
    .read = spooled_read,
    .write = spooled_write,
    .append = spooled_append,
    .truncate = spooled_truncate,
    .size = spooled_size,
    .view = spooled_view,
    .detach = spooled_detach,
    .copy_to = spooled_copy_to,
    .move_to_file = move_to_file,
    .retain_view = spooled_retain_view,
    .release_view = spooled_release_view,
    .destroy = spooled_destroy,
};

/* Doubling would give more capacity than the stream may ever hold, so size_limit bounds
 * it, too. */
static size_t capacity_limit(size_t memory_limit, uint64_t size_limit)
{
    return size_limit != 0 && size_limit < memory_limit ? (size_t) size_limit
                                                        : memory_limit;
}

static struct store *create_spooled(
    const struct filelike_options *options, size_t memory_limit, struct tempdir tempdir)
{
    struct spooled *spooled = malloc(sizeof *spooled);
    if (spooled == NULL) {
        tempdir_finish(&tempdir);
        errno = ENOMEM;
        return NULL;
    }
    size_t limit = capacity_limit(memory_limit, options->size_limit);
    memory_init(&spooled->memory, &spooled_operations, options->size_limit, limit,
        options->budget);
    spooled->file = NULL;
    spooled->tempdir = tempdir;
    /* The directory that is held for a file is closed at the end. */
    spooled->memory.store.reaches_cancellation_points = tempdir.base != NULL;
    return &spooled->memory.store;
}

struct store *spooled_create_memory(const struct filelike_options *options)
{
    struct tempdir tempdir;
    if (options->budget == NULL)
        tempdir_init_memory_file(&tempdir, options);
    else if (tempdir_init_for_later(&tempdir, options) != 0)
        return NULL;
    return create_spooled(options, FILELIKE_NEVER, tempdir);
}

struct store *spooled_create(const struct filelike_options *options)
{
    struct tempdir tempdir;
    size_t limit =
        options->memory_limit != 0 ? options->memory_limit : DEFAULT_MEMORY_LIMIT;
    if (tempdir_init_for_later(&tempdir, options) != 0)
        return NULL;
    struct store *store = create_spooled(options, limit, tempdir);
    if (store == NULL)
        return NULL;
    store->rolls_over = true;
    store->spills = limit != FILELIKE_NEVER || options->budget != NULL;
    return store;
}

struct block *spooled_block(struct store *store)
{
    return &spooled_of(store)->memory.block;
}
