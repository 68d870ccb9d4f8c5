#include <config.h>

#include "store/names.h"

#include "base/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct named {
    _Atomic(struct named *) next;
    struct store *store; /* a reference */
    char name[];
};

/* A list changes by one pointer, so that a forked child finds it whole. */
typedef _Atomic(struct named *) named_link;

enum { LISTS = 1024 };

static struct lock names_lock = LOCK_INITIALIZER;
static named_link names[LISTS];

/* FNV-1a (draft-eastlake-fnv). */
static uint32_t hash_name(const char *name)
{
    uint32_t value = 2166136261;
    for (; *name != '\0'; name++)
        value = (value ^ (unsigned char) *name) * 16777619;
    return value;
}

/* What leads to NAME; or the end of the list that it belongs in, which is NULL. */
static named_link *find_name(const char *name)
{
    named_link *found = &names[hash_name(name) % LISTS];
    while (*found != NULL && strcmp((*found)->name, name) != 0)
        found = &(*found)->next;
    return found;
}

static struct named *create_named(const char *name, struct store *store)
{
    size_t size = strlen(name) + 1;
    struct named *named = malloc(sizeof *named + size);
    if (named == NULL)
        return NULL;
    atomic_init(&named->next, NULL);
    named->store = store;
    memcpy(named->name, name, size);
    return named;
}

struct store *names_find(const char *name)
{
    lock_acquire(&names_lock);
    struct named *named = *find_name(name);
    struct store *store = named != NULL ? named->store : NULL;
    if (store != NULL)
        store_retain(store);
    lock_release(&names_lock);
    if (store == NULL)
        errno = ENOENT;
    return store;
}

int names_insert(const char *name, struct store *store)
{
    struct named *named = create_named(name, store);
    if (named == NULL)
        return -1;
    lock_acquire(&names_lock);
    named_link *found = find_name(name);
    bool is_new = *found == NULL;
    if (is_new) {
        store_retain(store);
        *found = named;
    }
    lock_release(&names_lock);
    if (is_new)
        return 0;
    free(named);
    errno = EEXIST;
    return -1;
}

int names_remove(const char *name)
{
    lock_acquire(&names_lock);
    named_link *found = find_name(name);
    struct named *named = *found;
    if (named != NULL)
        *found = named->next;
    lock_release(&names_lock);
    if (named == NULL) {
        errno = ENOENT;
        return -1;
    }
    (void) store_release(named->store);
    free(named);
    return 0;
}
