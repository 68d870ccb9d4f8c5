#include <config.h>

#include "store/spooled.h"

#include "files/descriptor.h"
#include "files/tempfile.h"
#include "store/file.h"
#include "store/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { DEFAULT_MEMORY_LIMIT = 1 << 20 /* bytes */ };

/* Bytes of content that need no allocation of their own, with a '\0'. A row of a table
 * has fewer. */
enum { ROOM_INSIDE = 128 };

struct spooled {
    struct memory memory;   /* must be first: its operations are called with the store */
    struct tempdir tempdir; /* where the file is made */
    char first_bytes[ROOM_INSIDE];
};

static struct spooled *spooled_of(struct store *store)
{
    return (struct spooled *) store;
}

/* ---- Views and the end ----------------------------------------------------------- */

/* Once the bytes have moved, the block holds no more than those of a view. */
static void spooled_retain_view(struct store *store)
{
    struct block *block = spooled_block(store);
    block_retain_view(block);
    if (!store_can_move(store))
        block_clear(block);
}

static void spooled_release_view(struct store *store)
{
    block_release_view(spooled_block(store));
}

/* The file ends with the store, so a failure to close it loses nothing. */
static int spooled_destroy(struct store *store)
{
    struct spooled *spooled = spooled_of(store);
    if (!store_can_move(store))
        (void) file_finish(&spooled->memory.file);
    block_finish(&spooled->memory.block);
    tempdir_finish(&spooled->tempdir);
    free(spooled);
    return 0;
}

/* ---- Moving ---------------------------------------------------------------------- */

static const struct store_operations moved_operations = {
    FILE_OPERATIONS,
    .retain_view = spooled_retain_view,
    .release_view = spooled_release_view,
    .destroy = spooled_destroy,
};

/* Returns the descriptor of a new file with all of the bytes, or -1. */
static int create_filled_file(struct store *store)
{
    int descriptor = tempfile_create_nameless(&spooled_of(store)->tempdir, O_RDWR);
    if (descriptor == -1 ||
        (memory_copy_to(store, descriptor) == 0 &&
            handle_prepare_descriptor(store->first_handle, descriptor) == 0))
        return descriptor;
    descriptor_close(descriptor);
    return -1;
}

/* Moves all bytes to a file, or leaves them in memory on failure. A valid view keeps its
 * bytes in memory until the next write. */
static int move_to_file(struct store *store)
{
    struct spooled *spooled = spooled_of(store);
    store->reaches_cancellation_points = true;
    store_hold_cancellation(store);
    int descriptor = create_filled_file(store);
    if (descriptor == -1)
        return -1;
    file_begin(&spooled->memory.file, descriptor);
    store->in_memory = spooled->tempdir.kind == TEMPDIR_MEMORY_FILE;
    store->operations = &moved_operations;
    if (!store->viewed)
        block_clear(spooled_block(store));
    handle_set_descriptor(store->first_handle, descriptor);
    return 0;
}

/* ---- Beginning ------------------------------------------------------------------- */

static const struct store_operations memory_operations = {
    MEMORY_OPERATIONS,
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
    memory_init(&spooled->memory, &memory_operations, options->size_limit, limit,
        options->budget);
    if (options->budget == NULL)
        block_begin_inside(&spooled->memory.block, spooled->first_bytes, ROOM_INSIDE);
    spooled->tempdir = tempdir;
    /* The directory that is held for a file is closed at the end. */
    spooled->memory.file.store.reaches_cancellation_points = tempdir.base != NULL;
    return &spooled->memory.file.store;
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
