#include <config.h>

#include "stdio/registry.h"

#include "stdio/libc.h"

/* The streams that libc_stream_of does not find, in lists by the address of FILE. Each
 * change of a list is one store of a pointer, so a forked child never finds a broken one.
 *
 * The addresses of two streams differ by 1 KiB at least, as a stream, its buffer and its
 * store lie between them. */
enum { SPACING_BITS = 10, LIST_BITS = 9 };

static struct list {
    struct lock lock;
    _Atomic(struct stream *) first;
} registry_lists[1 << LIST_BITS];

/* The heaps of glibc's threads are aligned to a large power of two, so the high bits are
 * mixed in. */
static struct list *list_of_file(const FILE *file)
{
    uintptr_t address = (uintptr_t) file >> SPACING_BITS;
    return &registry_lists[(address ^ address >> LIST_BITS) % (1 << LIST_BITS)];
}

/* The link to the stream of FILE, or the NULL at the end of its list. */
static _Atomic(struct stream *) *find_link(struct list *list, const FILE *file)
{
    _Atomic(struct stream *) *link = &list->first;
    while (*link != NULL && (*link)->file != file)
        link = &(*link)->next;
    return link;
}

void registry_add(struct stream *stream)
{
    if (libc_stream_of(stream->file) == stream)
        return;
    struct list *list = list_of_file(stream->file);
    lock_acquire(&list->lock);
    atomic_store_explicit(&stream->next, list->first, memory_order_relaxed);
    atomic_store_explicit(&list->first, stream, memory_order_release);
    lock_release(&list->lock);
}

void registry_remove(struct stream *stream)
{
    struct list *list = list_of_file(stream->file);
    if (list->first == NULL)
        return;
    lock_acquire(&list->lock);
    _Atomic(struct stream *) *link = find_link(list, stream->file);
    if (*link != NULL)
        atomic_store_explicit(link, stream->next, memory_order_release);
    lock_release(&list->lock);
}

struct stream *registry_find(FILE *file)
{
    struct stream *stream = libc_stream_of(file);
    struct list *list = list_of_file(file);
    if (stream != NULL || list->first == NULL || !libc_may_have_callbacks(file))
        return stream;
    lock_acquire(&list->lock);
    stream = *find_link(list, file);
    lock_release(&list->lock);
    return stream;
}
