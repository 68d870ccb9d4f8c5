#include <config.h>

#include "stdio/native.h"

#include "base/process.h"
#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Places by the number of the descriptor, in parts of which each is twice as large as the
 * one before. They never move and are never freed: at most as many as the process ever
 * had descriptors at once. */
enum { FIRST_PART = 64, PARTS = 26 };

static struct lock natives_lock = LOCK_INITIALIZER;
static struct native **parts[PARTS];
static size_t place_count; /* in the parts that were ever asked for */

/* NULL with ENOMEM. */
static struct native **place_of(size_t number)
{
    size_t size = FIRST_PART;
    size_t part = 0;
    for (; number >= size; part++, size *= 2)
        number -= size;
    if (parts[part] == NULL)
        parts[part] = calloc(size, sizeof(struct native *));
    return parts[part] != NULL ? &parts[part][number] : NULL;
}

/* Gives back what keeps the file in use. */
static void let_go(struct native *native)
{
    int held = native->lost_write != 0 ? native->held : -1;
    native->lost_write = 0;
    file_unmap(&native->file);
    descriptor_close(held);
}

/* What was there is left before it is freed: fork may come in between. */
static void take_over(struct native *native, int descriptor)
{
    struct native old = *native;
    native->given_path = native->answered_path = NULL;
    native->maker = 0;
    native->lost_write = 0;
    file_init(&native->file, descriptor, 0);
    file_doubt_size(&native->file.store);
    atomic_signal_fence(memory_order_seq_cst);
    let_go(&old);
    free(old.given_path);
    free(old.answered_path);
}

/* A file that is kept in use is no other, although inode numbers are used again.
 * Whose bytes are locked is not closed, but perhaps just going on with another file. */
static void release_if_closed(struct native *native)
{
    struct stat status;
    if (native == NULL || !store_try_lock(&native->file.store))
        return;
    bool is_kept = native->file.mapping != NULL || native->lost_write != 0;
    if (is_kept && (RETRY(fstat(native->file.descriptor, &status)) != 0 ||
                       !file_is(&native->file, &status)))
        let_go(native);
    store_unlock(&native->file.store);
}

/* Each call looks after one place more, so that nothing is kept for ever. */
static void look_after_another(void)
{
    static size_t next;
    next = (next + 1) % place_count;
    struct native **place = place_of(next);
    if (place != NULL)
        release_if_closed(*place);
}

static struct native *find_locked(int descriptor, const struct stat *status)
{
    size_t number = (size_t) descriptor;
    struct native **place = place_of(number);
    if (place == NULL)
        return NULL;
    while (number >= place_count)
        place_count = FIRST_PART + 2 * place_count;
    if (*place == NULL) {
        struct native *made = calloc(1, sizeof *made);
        if (made == NULL)
            return NULL;
        take_over(made, descriptor);
        *place = made;
    } else if (!file_is(&(*place)->file, status)) {
        take_over(*place, descriptor);
    }
    look_after_another();
    return *place;
}

struct native *native_find(FILE *file)
{
    struct stat status;
    int descriptor = fileno(file);
    if (descriptor == -1) {
        errno = ENOTSUP;
        return NULL;
    }
    if (RETRY(fstat(descriptor, &status)) != 0)
        return NULL;
    if (!S_ISREG(status.st_mode)) {
        errno = ENOTSUP;
        return NULL;
    }
    lock_acquire(&natives_lock);
    struct native *native = find_locked(descriptor, &status);
    lock_release(&natives_lock);
    return native;
}

int native_note_maker(FILE *file)
{
    struct native *native = native_find(file);
    if (native == NULL)
        return -1;
    native->maker = process_number();
    return 0;
}

bool native_is_parents(const struct native *native)
{
    return native->maker != 0 && native->maker != process_number();
}

void native_give_away(struct native *native, char *path)
{
    char *old = native->given_path;
    native->given_path = path;
    free(old);
}

void native_lose_write(struct native *native, int error)
{
    if (native->lost_write != 0)
        return;
    native->lost_write = error;
    native->held = descriptor_duplicate(native->file.descriptor);
}
