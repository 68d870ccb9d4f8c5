#include <config.h>

#include "store/names.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct named {
    const char *name;
    struct store *store; /* a reference */
    char text[];         /* the name */
};

/* No stream is opened or closed under the lock: fork holds it while it waits for stdio.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *tree; /* tsearch's */

static int compare(const void *one, const void *other)
{
    return strcmp(
        ((const struct named *) one)->name, ((const struct named *) other)->name);
}

static struct named *find(const char *name)
{
    struct named key = {.name = name};
    struct named **found = tfind(&key, &tree, compare);
    return found != NULL ? *found : NULL;
}

static struct named *create(const char *name, struct store *store)
{
    size_t size = strlen(name) + 1;
    struct named *named = malloc(sizeof *named + size);
    if (named == NULL)
        return NULL;
    *named = (struct named){.name = named->text, .store = store};
    memcpy(named->text, name, size);
    return named;
}

static int add(struct named *named)
{
    struct named **added = tsearch(named, &tree, compare);
    if (added != NULL && *added == named)
        return 0;
    errno = added == NULL ? ENOMEM : EEXIST;
    return -1;
}

struct store *names_find(const char *name)
{
    (void) pthread_mutex_lock(&lock);
    struct named *named = find(name);
    struct store *store = named != NULL ? named->store : NULL;
    if (store != NULL)
        store_retain(store);
    (void) pthread_mutex_unlock(&lock);
    if (store == NULL)
        errno = ENOENT;
    return store;
}

int names_insert(const char *name, struct store *store)
{
    struct named *named = create(name, store);
    if (named == NULL)
        return -1;
    (void) pthread_mutex_lock(&lock);
    int status = add(named);
    if (status == 0)
        store_retain(store);
    (void) pthread_mutex_unlock(&lock);
    if (status != 0) {
        int saved = errno;
        free(named);
        errno = saved;
    }
    return status;
}

int names_remove(const char *name)
{
    (void) pthread_mutex_lock(&lock);
    struct named *named = find(name);
    if (named != NULL)
        (void) tdelete(named, &tree, compare);
    (void) pthread_mutex_unlock(&lock);
    if (named == NULL) {
        errno = ENOENT;
        return -1;
    }
    (void) store_release(named->store);
    free(named);
    return 0;
}

void names_hold(void)
{
    (void) pthread_mutex_lock(&lock);
}

void names_resume(void)
{
    (void) pthread_mutex_unlock(&lock);
}

static void renew_store(const void *node, VISIT visit, int depth)
{
    (void) depth;
    if (visit == postorder || visit == leaf)
        store_renew((*(struct named *const *) node)->store);
}

/* The stores too: one may be locked while no stream of the registry leads to it. */
void names_renew(void)
{
    twalk(tree, renew_store);
}
