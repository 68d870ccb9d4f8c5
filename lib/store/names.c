#include <config.h>

#include "store/names.h"

#include "base/call.h"
#include "base/lock.h"
#include "base/mode.h"
#include "files/descriptor.h"
#include "store/file.h"
#include "store/spooled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The table ------------------------------------------------------------------- */

struct named;

/* A list is whole at each moment, because another thread may fork while it is changed. An
 * entry is complete before it is linked, and one assignment links or unlinks it. */
typedef _Atomic(struct named *) named_link;

struct named {
    named_link next;
    struct named_bytes bytes;
    char name[];
};

/* Most processes have a handful of names, and none has more than some thousands. */
enum { LISTS = 1024 };

static struct lock names_lock = LOCK_INITIALIZER;
static named_link names[LISTS];
static size_t file_count; /* entries with a memory file, each of which is a descriptor */

/* The hash function is FNV-1a. */
static named_link *list_of_name(const char *name)
{
    static const uint32_t offset_basis = 2166136261u;
    static const uint32_t prime = 16777619u;
    uint32_t hash = offset_basis;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char) *name) * prime;
    return &names[hash % LISTS];
}

/* Takes the entry that LINK leads to out of its list, and returns it. */
static struct named *unlink_entry(named_link *link)
{
    struct named *named = atomic_load(link);
    atomic_store(link, atomic_load(&named->next));
    file_count -= named->bytes.is_file;
    return named;
}

/* Returns the offset that the descriptor of STORE is set to. Nothing moves it, as each
 * stream opens the file again. It therefore proves that the descriptor's number is still
 * that of this file. fstat would take three times as long. */
static int64_t offset_mark(const struct store *store)
{
    enum {
        MARK_BITS = 40
    }; /* 44 bits are too many for a memory file on 32-bit systems */
    return INT64_C(1) << MARK_BITS | (uint32_t) (uintptr_t) store;
}

/* Tells whether the program has closed the descriptor, as some close all that they have.
 * The bytes of the name are gone then. */
static bool has_lost_file(const struct named *named)
{
    const struct store *store = named->bytes.store;
    if (!named->bytes.is_file)
        return false;
    int64_t offset = lseek(store->descriptor, 0, SEEK_CUR);
    return offset != offset_mark(store) &&
           (offset != -1 || errno == EBADF || errno == ESPIPE);
}

static void destroy_entry(struct named *named)
{
    if (named == NULL)
        return;
    KEEPING_ERRNO((void) store_release(named->bytes.store));
    call_free(named);
}

/* Returns the link that leads to the entry of NAME, or the link at the end of its list.
 */
static named_link *find_any_entry(const char *name)
{
    named_link *link = list_of_name(name);
    struct named *named = atomic_load(link);
    while (named != NULL && strcmp(named->name, name) != 0) {
        link = &named->next;
        named = atomic_load(link);
    }
    return link;
}

/* Later operations fail with EBADF. */
static void forget_descriptor(struct store *store)
{
    store_lock(store);
    store->descriptor = -1;
    store_unlock(store);
}

/* Does the same, and forgets the entry if its file is lost. Its descriptor's number may
 * be that of another file by now. */
static named_link *find_entry(const char *name)
{
    named_link *link = find_any_entry(name);
    struct named *named = atomic_load(link);
    if (named == NULL || !has_lost_file(named))
        return link;
    forget_descriptor(named->bytes.store);
    destroy_entry(unlink_entry(link));
    return find_any_entry(name);
}

/* Makes an entry for NAME, which gets the reference of BYTES. Returns NULL with ENOMEM,
 * and releases the reference. */
static struct named *create_entry(const char *name, const struct named_bytes *bytes)
{
    size_t size = strlen(name) + 1;
    struct named *named = malloc(sizeof *named + size);
    if (named == NULL) {
        KEEPING_ERRNO((void) store_release(bytes->store));
        return NULL;
    }
    atomic_init(&named->next, NULL);
    named->bytes = *bytes;
    memcpy(named->name, name, size);
    return named;
}

/* Puts NAMED in place of the entry that LINK leads to. Returns that entry, or NULL if
 * LINK is the end of a list. */
static struct named *link_entry(named_link *link, struct named *named)
{
    struct named *old = atomic_load(link);
    if (old != NULL)
        atomic_store(&named->next, atomic_load(&old->next));
    atomic_store(link, named);
    file_count += named->bytes.is_file;
    if (old != NULL)
        file_count -= old->bytes.is_file;
    return old;
}

/* ---- Forgetting and renaming ----------------------------------------------------- */

int names_remove(const char *name, const struct store *store)
{
    struct named *removed = NULL;
    lock_acquire(&names_lock);
    named_link *link = find_entry(name);
    const struct named *named = atomic_load(link);
    if (named != NULL && (store == NULL || store == named->bytes.store))
        removed = unlink_entry(link);
    lock_release(&names_lock);
    int status = removed != NULL ? 0 : call_fail(ENOENT);
    destroy_entry(removed);
    return status;
}

/* Links the new name before it unlinks the old one, so that the bytes have a name at each
 * moment. Sets OLD to the entries that are no longer in a list. */
static int rename_entry_locked(const char *from, const char *to, struct named *old[2])
{
    const struct named *named = atomic_load(find_entry(from));
    if (named == NULL)
        return call_fail(ENOENT);
    if (strcmp(from, to) == 0)
        return 0;
    store_retain(named->bytes.store);
    struct named *renamed = create_entry(to, &named->bytes);
    if (renamed == NULL)
        return -1;
    old[0] = link_entry(find_entry(to), renamed);
    old[1] = unlink_entry(find_any_entry(from));
    return 0;
}

int names_rename(const char *from, const char *to)
{
    struct named *old[2] = {NULL, NULL};
    lock_acquire(&names_lock);
    int status = rename_entry_locked(from, to, old);
    lock_release(&names_lock);
    destroy_entry(old[0]);
    destroy_entry(old[1]);
    return status;
}

/* ---- Making ---------------------------------------------------------------------- */

/* Half of the descriptors that the process may have are left for other uses. */
static bool has_descriptor_left(void)
{
    struct rlimit limit = {0};
    (void) getrlimit(RLIMIT_NOFILE, &limit);
    return file_count < limit.rlim_cur / 2;
}

enum { OWNER_ACCESS = S_IRUSR | S_IWUSR };

/* Makes a store on a memory file of the kernel. Opening the file again needs /proc, so it
 * fails without. PERMISSIONS 0 keep the mode that the kernel gives, so that the file can
 * be opened again after setuid. Returns NULL with errno. */
static struct store *create_name_file(mode_t permissions)
{
    char path[PROC_PATH_SIZE];
    mode_t at_first = permissions != 0 ? permissions | OWNER_ACCESS : 0;
    int descriptor = descriptor_create_in_memory(O_RDWR, at_first);
    if (descriptor == -1)
        return NULL;
    if (descriptor_find_proc_self_path(descriptor, path) != 0) {
        descriptor_close(descriptor);
        return NULL;
    }
    struct store *store = file_create(descriptor, 0);
    if (store == NULL || lseek(descriptor, offset_mark(store), SEEK_SET) != -1)
        return store;
    (void) store_release(store);
    return NULL;
}

/* Makes a memory file, unless options ask for a limit: nobody watches the size of a
 * memory file. If there is no file to be had, for whatever reason, makes a store in
 * memory. */
static struct named *make_entry(
    named_link *link, const char *name, const struct filelike_options *options)
{
    struct named_bytes bytes = {
        .permissions = options->permissions, .flags = options->flags};
    bool watched = options->size_limit != 0 || options->budget != NULL;
    if (!watched && has_descriptor_left())
        bytes.store = create_name_file(options->permissions);
    bytes.is_file = bytes.store != NULL;
    if (!bytes.is_file)
        bytes.store = spooled_create_memory(options);
    struct named *named = bytes.store != NULL ? create_entry(name, &bytes) : NULL;
    if (named != NULL)
        (void) link_entry(link, named);
    return named;
}

static const struct named *obtain_entry(
    const char *name, unsigned mode, const struct filelike_options *options, bool *made)
{
    bool creates = (mode & (MODE_TRUNCATE | MODE_APPEND)) != 0;
    named_link *link = find_entry(name);
    const struct named *named = atomic_load(link);
    *made = named == NULL;
    if (named == NULL)
        return creates ? make_entry(link, name, options) : call_fail_pointer(ENOENT);
    return creates && (mode & MODE_EXCLUSIVE) != 0 ? call_fail_pointer(EEXIST) : named;
}

int names_obtain(const char *name, unsigned mode, const struct filelike_options *options,
    struct named_bytes *bytes, bool *made)
{
    lock_acquire(&names_lock);
    const struct named *named = obtain_entry(name, mode, options, made);
    if (named != NULL) {
        *bytes = named->bytes;
        store_retain(bytes->store);
    }
    lock_release(&names_lock);
    return named != NULL ? 0 : -1;
}

int names_set_permissions(const struct named_bytes *bytes)
{
    mode_t permissions = bytes->permissions;
    bool set = permissions == 0 || (permissions & OWNER_ACCESS) == OWNER_ACCESS;
    if (!bytes->is_file || set)
        return 0;
    return RETRY(fchmod(bytes->store->descriptor, permissions));
}
