#include <config.h>

#include "stdio/native.h"

#include "base/call.h"
#include "base/process.h"
#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The entries by the number of the descriptor, in arrays of which each is twice as large
 * as the one before, so that entries never move. They are never freed: there are at most
 * as many as the process ever had descriptors at once. */
enum { FIRST_ARRAY = 64, ARRAYS = 26 };

static struct lock natives_lock = LOCK_INITIALIZER;
static struct native **native_arrays[ARRAYS];
static size_t native_slots; /* in the arrays up to the last one that was needed */

/* The place of the entry of descriptor NUMBER. NULL with ENOMEM. */
static struct native **slot_of(size_t number)
{
    size_t size = FIRST_ARRAY;
    size_t array = 0;
    for (; number >= size; array++, size *= 2)
        number -= size;
    if (native_arrays[array] == NULL)
        native_arrays[array] = calloc(size, sizeof(struct native *));
    return native_arrays[array] != NULL ? &native_arrays[array][number] : NULL;
}

/* The kernel rounds it up to a page. */
enum { PINNED_SIZE = 1 };

/* Keeps the file in use by a mapping, so that no new file gets its inode number. A
 * descriptor is not needed for that. NULL on failure. */
static void *pin_file(int writable)
{
    int opened;
    int descriptor = descriptor_obtain_readable(writable, &opened);
    void *pinned = mmap(NULL, PINNED_SIZE, PROT_NONE, MAP_PRIVATE, descriptor, 0);
    descriptor_close(opened);
    return pinned != MAP_FAILED ? pinned : NULL;
}

/* Unmaps what keeps the file in use. */
static void release_file(struct native *native)
{
    void *held = native->lost_write != 0 ? native->held_page : NULL;
    native->lost_write = 0;
    file_unmap(&native->file);
    if (held != NULL)
        (void) munmap(held, PINNED_SIZE);
}

/* Makes NATIVE the entry of another file. A fork may come at any moment. The old members
 * are replaced before they are freed, because the child would free them again. The file
 * is noted last, so that a child does not take the entry for one that is ready. */
static void reset_native(struct native *native, int descriptor, const struct stat *status)
{
    struct native old = *native;
    native->given_path = native->answered_path = NULL;
    native->maker = 0;
    native->permissions = 0;
    native->lost_write = 0;
    file_init(&native->file, descriptor, 0);
    file_set_size_unverified(&native->file.store);
    call_keep_order();
    native->device = status->st_dev;
    native->inode = status->st_ino;
    call_keep_order();
    release_file(&old);
    free(old.given_path);
    free(old.answered_path);
}

bool native_has_status(const struct native *native, const struct stat *status)
{
    return native->device == status->st_dev && native->inode == status->st_ino;
}

/* Whether the stream was closed: its descriptor is then closed, too, or that of another
 * file. The inode number tells, as it is not used again while the file is in use. */
static bool is_closed(const struct native *native)
{
    struct stat status;
    if (RETRY(fstat(native->file.store.descriptor, &status)) != 0)
        return errno == EBADF;
    return !native_has_status(native, &status);
}

/* Releases the file if the stream was closed. An entry that is locked belongs to an open
 * stream, perhaps just before it goes on with another file. */
static void release_if_closed(struct native *native)
{
    if (native == NULL || !store_try_lock(&native->file.store))
        return;
    bool in_use = native->file.mapping != NULL || native->lost_write != 0;
    if (in_use && is_closed(native))
        release_file(native);
    store_unlock(&native->file.store);
}

static void check_next_slot(void)
{
    static size_t next;
    next = (next + 1) % native_slots;
    struct native **slot = slot_of(next);
    if (slot != NULL)
        release_if_closed(*slot);
}

static struct native *find_native_locked(int descriptor, const struct stat *status)
{
    size_t number = (size_t) descriptor;
    struct native **slot = slot_of(number);
    if (slot == NULL)
        return NULL;
    while (number >= native_slots)
        native_slots = FIRST_ARRAY + 2 * native_slots;
    if (*slot == NULL) {
        struct native *made = calloc(1, sizeof *made);
        if (made == NULL)
            return NULL;
        reset_native(made, descriptor, status);
        *slot = made;
    } else if (!native_has_status(*slot, status)) {
        reset_native(*slot, descriptor, status);
    }
    check_next_slot();
    return *slot;
}

struct native *native_find(FILE *file)
{
    struct stat status;
    int descriptor = fileno(file);
    if (descriptor == -1)
        return call_fail_pointer(ENOTSUP);
    if (RETRY(fstat(descriptor, &status)) != 0)
        return NULL;
    if (!S_ISREG(status.st_mode))
        return call_fail_pointer(ENOTSUP);
    lock_acquire(&natives_lock);
    struct native *native = find_native_locked(descriptor, &status);
    lock_release(&natives_lock);
    return native;
}

int native_record_maker(FILE *file)
{
    struct native *native = native_find(file);
    if (native == NULL)
        return -1;
    native->maker = process_number();
    return 0;
}

int native_record_permissions(FILE *file, mode_t permissions)
{
    if (permissions == 0)
        return 0;
    struct native *native = native_find(file);
    if (native == NULL)
        return errno == ENOTSUP ? 0 : -1;
    native->permissions = permissions;
    return 0;
}

bool native_may_be_given_away(const struct native *native)
{
    bool is_parents = native->maker != 0 && native->maker != process_number();
    return !is_parents && descriptor_is_nameless(native->file.store.descriptor);
}

void native_give_away(struct native *native, char *path)
{
    call_replace(&native->given_path, path);
}

void native_record_lost_write(struct native *native, int error)
{
    native->lost_write = error;
    KEEPING_ERRNO(native->held_page = pin_file(native->file.store.descriptor));
}
