#include <config.h>

#include "stdio/registry.h"

#include "base/gate.h"

/* A table of fixed size cannot fail to grow. What of it is not touched costs no memory,
 * nor, by parts, the time to look at in a forked child. */
#define LIST_BITS 17
#define LISTS (1u << LIST_BITS)
#define PART_BITS 9 /* a page of pointers */
#define PARTS (LISTS >> PART_BITS)

/* A stream, its buffer and its store lie about this far apart, so the FILE *s of streams
 * opened together fall into neighbouring lists. */
#define SPACING_BITS 10

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stream *lists[LISTS];
static bool part_is_used[PARTS]; /* or was */

static size_t number_of(const FILE *file)
{
    uintptr_t place = (uintptr_t) file >> SPACING_BITS;
    /* The heaps of glibc's threads are aligned to a power of two: let those bits count.
     */
    return (place ^ place >> LIST_BITS) % LISTS;
}

static struct stream **list_of(const FILE *file)
{
    return &lists[number_of(file)];
}

void registry_add(struct stream *stream)
{
    size_t number = number_of(stream->file);
    struct stream **list = &lists[number];
    (void) pthread_mutex_lock(&lock);
    part_is_used[number >> PART_BITS] = true;
    stream->next = *list;
    /* A list is whole at each moment: fork does not wait. */
    gate_order();
    *list = stream;
    (void) pthread_mutex_unlock(&lock);
}

void registry_remove(struct stream *stream)
{
    (void) pthread_mutex_lock(&lock);
    struct stream **link = list_of(stream->file);
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    (void) pthread_mutex_unlock(&lock);
}

struct stream *registry_find(FILE *file)
{
    (void) pthread_mutex_lock(&lock);
    struct stream *stream = *list_of(file);
    while (stream != NULL && stream->file != file)
        stream = stream->next;
    (void) pthread_mutex_unlock(&lock);
    return stream;
}

static void renew_list(struct stream *stream, void (*renew_lock)(FILE *))
{
    for (; stream != NULL; stream = stream->next) {
        renew_lock(stream->file);
        store_renew(stream->store);
    }
}

static void renew_part(size_t part, void (*renew_lock)(FILE *))
{
    for (size_t i = part << PART_BITS; i < (part + 1) << PART_BITS; i++)
        renew_list(lists[i], renew_lock);
}

void registry_renew(void (*renew_lock)(FILE *))
{
    lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    for (size_t i = 0; i < PARTS; i++) {
        if (part_is_used[i])
            renew_part(i, renew_lock);
    }
}
