#include <config.h>

#include "store/store.h"

#include "base/call.h"
#include "base/mode.h"
#include "files/descriptor.h"
#include "files/filesystem.h"
#include "store/handle.h"

#include <errno.h>

void store_init(
    struct store *store, const struct store_operations *operations, uint64_t size_limit)
{
    atomic_init(&store->operations, operations);
    store->owner = store;
    store->descriptor = -1;
    store->first_handle = NULL;
    store->viewed = false;
    store->in_memory = store->rolls_over = store->spills = false;
    store->reaches_cancellation_points = true;
    store->holds_cancellation = false;
    store->view_writer = NULL;
    store->lost_write = 0;
    lock_init(&store->lock);
    atomic_init(&store->references, 1);
    bool unlimited = size_limit == 0 || size_limit > INT64_MAX;
    store->size_limit = unlimited ? INT64_MAX : (int64_t) size_limit;
    store->seen_size = 0;
}

void store_retain(struct store *store)
{
    atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
}

/* Holds cancellation for the stores that reach a cancellation point in destroy. */
static int destroy_store(struct store *store)
{
    if (!store->reaches_cancellation_points)
        return store->operations->destroy(store);
    struct call call = call_begin();
    return call_end(&call, store->operations->destroy(store));
}

int store_release(struct store *store)
{
    /* New references are made from old ones. The holder of the only one therefore races
     * with nobody, and saves the atomic subtraction. */
    if (atomic_load_explicit(&store->references, memory_order_acquire) == 1 ||
        atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) == 1)
        return destroy_store(store);
    return 0;
}

void store_hold_cancellation(struct store *store)
{
    struct store *owner = store->owner;
    if (owner->holds_cancellation)
        return;
    (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &owner->cancellation);
    owner->holds_cancellation = true;
}

void store_release_cancellation(struct store *store)
{
    store->owner->holds_cancellation = false;
    call_release_cancellation(store->owner->cancellation);
}

bool store_try_lock(struct store *store)
{
    if (!lock_try(&store->owner->lock))
        return false;
    store->owner->holds_cancellation = false;
    return true;
}

ssize_t store_read(struct store *store, void *buffer, size_t size, int64_t position)
{
    return store->operations->read(store, buffer, size, position);
}

void store_retain_view(struct store *store)
{
    if (store->operations->retain_view != NULL)
        store->operations->retain_view(store);
}

void store_release_view(struct store *store)
{
    if (store->operations->release_view != NULL)
        store->operations->release_view(store);
}

int store_check_limit(const struct store *store, int64_t position, size_t size)
{
    if (position <= store->size_limit &&
        size <= (uint64_t) (store->size_limit - position))
        return 0;
    return call_fail(EFBIG);
}

int64_t store_size_for_undo(struct store *store, int64_t begin, size_t size)
{
    if (begin <= store->seen_size && size <= (uint64_t) (store->seen_size - begin))
        return begin;
    store->seen_size = descriptor_size(store->descriptor);
    return store->seen_size;
}

int store_write(struct store *store, const void *data, size_t size, int64_t position)
{
    if (store_check_limit(store, position, size) != 0)
        return -1;
    return store->operations->write(store, data, size, position);
}

/* A limit can be checked only when the end is known. Between the check and the write, the
 * end moves only if somebody writes to the file without this store. */
int store_append(struct store *store, const void *data, size_t size, int64_t *end)
{
    if (store->operations->append != NULL && store->size_limit == INT64_MAX)
        return store->operations->append(store, data, size, end);
    int64_t position = store_size(store);
    if (position == -1 || store_write(store, data, size, position) != 0)
        return -1;
    *end = position + (int64_t) size;
    return 0;
}

/* No view is valid any more. A write of an earlier one may be under way. */
static void end_views(struct store *store)
{
    if (!store->viewed)
        return;
    store->viewed = false;
    store_retain_view(store);
    if (store->view_writer == NULL)
        store_release_view(store);
}

/* ---- Operations that a kind may lack --------------------------------------------- */

int store_truncate(struct store *store, int64_t size)
{
    if (size > store->size_limit)
        return call_fail(EFBIG);
    end_views(store);
    if (store->operations->truncate(store, size) == 0)
        return 0;
    return store_spill(store) == 0 ? store->operations->truncate(store, size) : -1;
}

int64_t store_size(struct store *store)
{
    int64_t (*size)(struct store *) = store->operations->size;
    return size != NULL ? size(store) : call_fail(ENOTSUP);
}

const void *store_view(struct store *store, size_t *size)
{
    const struct store_operations *operations = store->operations;
    store->viewed = true;
    return operations->view != NULL ? operations->view(store, size)
                                    : call_fail_pointer(ENOTSUP);
}

void *store_detach(struct store *store, size_t *size)
{
    void *bytes = store->operations->detach(store, size);
    if (bytes != NULL)
        end_views(store);
    return bytes;
}

int store_copy_to(struct store *store, int target)
{
    const struct store_operations *operations = store->operations;
    return operations->copy_to != NULL ? operations->copy_to(store, target)
                                       : call_fail(ENOTSUP);
}

int store_obtain_descriptor(struct store *store)
{
    if (store_can_move(store))
        return store->operations->move_to_file(store);
    return store->descriptor != -1 ? 0 : call_fail(ENOTSUP);
}

int store_in_memory(const struct store *store)
{
    const struct store *owner = store->owner;
    if (owner->in_memory)
        return 1;
    return owner->descriptor != -1 ? filesystem_in_memory(owner->descriptor)
                                   : call_fail(ENOTSUP);
}

int store_move_to_disk(struct store *store)
{
    int in_memory = store_in_memory(store);
    if (in_memory != 1)
        return in_memory;
    return store->owner->rolls_over ? store_obtain_descriptor(store->owner)
                                    : call_fail(ENOTSUP);
}

int store_spill(struct store *store)
{
    if (!store->spills || !store_can_move(store) || errno != ENOMEM)
        return -1;
    return store_obtain_descriptor(store);
}

/* Bytes that come only once cannot be shared by two streams. */
int store_check_mode(const struct store *store, unsigned mode)
{
    const struct store_operations *operations = store->operations;
    bool writes = (mode & MODE_WRITE) != 0;
    if (store_is_sequential(store) || (writes && operations->write == NULL))
        return call_fail(ENOTSUP);
    return operations->check_mode != NULL ? operations->check_mode(store, mode) : 0;
}

int store_keep(struct store *store)
{
    int (*keep)(struct store *) = store->owner->operations->keep;
    return keep != NULL ? keep(store->owner) : call_fail(ENOTSUP);
}

int store_discard(struct store *store)
{
    int (*discard)(struct store *) = store->owner->operations->discard;
    return discard != NULL ? discard(store->owner) : call_fail(ENOTSUP);
}
