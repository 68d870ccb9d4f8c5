#include <config.h>

#include "store/custom.h"

#include "base/call.h"
#include "store/contents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct custom {
    struct backend backend; /* must be first */
    char *view;             /* the copy that the last view returned; or NULL */
    size_t view_size;
    char *view_in_write; /* an earlier view, kept for writes of it; or NULL */
};

static struct custom *custom_of(struct store *store)
{
    return (struct custom *) store;
}

static bool is_readable(const struct custom *custom)
{
    return custom->backend.operations.read != NULL;
}

/* ---- Views ----------------------------------------------------------------------- */

/* Sets the view to BYTES, a block of malloc's. If the content has not changed, the
 * earlier view is still valid, so its address stays the same. */
static void set_view(struct custom *custom, char *bytes, size_t size)
{
    if (custom->view != NULL && custom->view_size == size &&
        memcmp(custom->view, bytes, size) == 0) {
        free(bytes);
        return;
    }
    call_replace(&custom->view, bytes);
    custom->view_size = size;
}

static void custom_retain_view(struct store *store)
{
    struct custom *custom = custom_of(store);
    char *view = custom->view;
    custom->view = NULL;
    call_keep_order();
    if (custom->view_in_write == NULL)
        call_replace(&custom->view_in_write, view);
    else
        free(view);
}

static void custom_release_view(struct store *store)
{
    call_replace(&custom_of(store)->view_in_write, NULL);
}

static const void *custom_view(struct store *store, size_t *size)
{
    struct custom *custom = custom_of(store);
    if (!is_readable(custom))
        return call_fail_pointer(ENOTSUP);
    char *bytes = contents_to_block(store, size);
    if (bytes == NULL)
        return NULL;
    set_view(custom, bytes, *size);
    return custom->view;
}

/* ---- Reading and writing --------------------------------------------------------- */

static int64_t custom_size(struct store *store)
{
    const struct custom *custom = custom_of(store);
    return custom->backend.owns_context ? backend_size(&custom->backend) : 0;
}

static ssize_t custom_read(
    struct store *store, void *buffer, size_t size, int64_t position)
{
    return backend_read(&custom_of(store)->backend, buffer, size, position);
}

/* Writes SIZE bytes. Sets *REACHED to the position behind those that were taken, also on
 * failure. */
static int write_bytes(struct custom *custom, const void *data, size_t size,
    int64_t position, int64_t *reached)
{
    size_t taken;
    int status = backend_write(&custom->backend, data, size, position, &taken);
    *reached = position + (int64_t) taken;
    return status;
}

static int write_zeros(struct custom *custom, int64_t from, int64_t to, int64_t *reached)
{
    enum { ZEROS_SIZE = 4096 }; /* bytes */
    static const char zeros[ZEROS_SIZE];
    while (from < to) {
        int64_t left = to - from;
        size_t size = left < ZEROS_SIZE ? (size_t) left : ZEROS_SIZE;
        if (write_bytes(custom, zeros, size, from, reached) != 0)
            return -1;
        from += (int64_t) size;
    }
    return 0;
}

/* Cuts off what a failed write has added up to REACHED. If that is no longer the end,
 * somebody else has written behind it, and nothing is cut. */
static void cut_added_bytes(
    const struct custom *custom, int64_t old_size, int64_t reached)
{
    if (reached > old_size && backend_size(&custom->backend) == reached)
        (void) backend_truncate(&custom->backend, old_size);
}

static int custom_write(
    struct store *store, const void *data, size_t size, int64_t position)
{
    struct custom *custom = custom_of(store);
    int64_t old_size = backend_size(&custom->backend);
    int64_t reached = old_size;
    if (old_size == -1)
        return -1;
    if (write_zeros(custom, old_size, position, &reached) == 0 &&
        write_bytes(custom, data, size, position, &reached) == 0)
        return 0;
    KEEPING_ERRNO(cut_added_bytes(custom, old_size, reached));
    return -1;
}

static int custom_truncate(struct store *store, int64_t size)
{
    return backend_truncate(&custom_of(store)->backend, size);
}

/* ---- All of the bytes at once ---------------------------------------------------- */

static void *custom_detach(struct store *store, size_t *size)
{
    struct custom *custom = custom_of(store);
    if (!is_readable(custom))
        return call_fail_pointer(ENOTSUP);
    char *bytes = contents_to_block(store, size);
    if (bytes != NULL && custom_truncate(store, 0) == 0)
        return bytes;
    call_free(bytes);
    return NULL;
}

static int custom_copy_to(struct store *store, int target)
{
    if (!is_readable(custom_of(store)))
        return call_fail(ENOTSUP);
    return contents_to_file(store, target);
}

/* ---- Beginning and end ----------------------------------------------------------- */

static int custom_check_mode(const struct store *store, unsigned mode)
{
    const struct custom *custom = (const struct custom *) store;
    return backend_check_mode(&custom->backend.operations, mode);
}

static int custom_destroy(struct store *store)
{
    struct custom *custom = custom_of(store);
    free(custom->view);
    free(custom->view_in_write);
    int status = backend_close(&custom->backend);
    call_free(custom);
    return status;
}

static const struct store_operations custom_operations = {
    .read = custom_read,
    .write = custom_write,
    .truncate = custom_truncate,
    .size = custom_size,
    .view = custom_view,
    .detach = custom_detach,
    .copy_to = custom_copy_to,
    .retain_view = custom_retain_view,
    .release_view = custom_release_view,
    .check_mode = custom_check_mode,
    .discard = backend_discard,
    .destroy = custom_destroy,
};

struct store *custom_create(
    void *context, const struct filelike_operations *operations, uint64_t size_limit)
{
    struct custom *custom = malloc(sizeof *custom);
    if (custom == NULL)
        return NULL;
    backend_init(&custom->backend, &custom_operations, context, operations, size_limit);
    custom->view = custom->view_in_write = NULL;
    custom->view_size = 0;
    return &custom->backend.store;
}
