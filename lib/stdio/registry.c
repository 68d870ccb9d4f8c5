#include <config.h>

#include "stdio/registry.h"

#include "stdio/libc.h"

#include <stdlib.h>

/* Only streams that libc_stream_of does not find are in the table. It is a hash table of
 * lists by the address of FILE. It is divided into segments, which are allocated when
 * their first stream is added.
 *
 * The addresses of two streams differ by 1 KiB at least, as a stream, its buffer and its
 * store lie between them. So streams that one thread opens after each other fall into
 * neighbouring lists of one segment. The heaps of two threads lie further apart, so their
 * streams fall into different segments, each of which has its own lock. */
enum { SPACING_BITS = 10, LIST_BITS = 9, SEGMENT_BITS = 8 };

/* Each change of a list is one store of a pointer, so a forked child never finds a broken
 * list. */
struct segment {
    struct lock lock;
    _Atomic(struct stream *) lists[1 << LIST_BITS];
};

static _Atomic(struct segment *) registry_segments[1 << SEGMENT_BITS];

/* The heaps of glibc's threads are aligned to a large power of two, so the high bits are
 * mixed in. */
static uintptr_t hash_of_file(const FILE *file)
{
    uintptr_t address = (uintptr_t) file >> SPACING_BITS;
    return address ^ address >> (LIST_BITS + SEGMENT_BITS);
}

static _Atomic(struct segment *) *segment_of(const FILE *file)
{
    return &registry_segments[(hash_of_file(file) >> LIST_BITS) % (1 << SEGMENT_BITS)];
}

static _Atomic(struct stream *) *list_of_file(struct segment *segment, const FILE *file)
{
    return &segment->lists[hash_of_file(file) % (1 << LIST_BITS)];
}

/* The link to the stream of FILE, or the NULL at the end of its list. */
static _Atomic(struct stream *) *find_link(struct segment *segment, const FILE *file)
{
    _Atomic(struct stream *) *link = list_of_file(segment, file);
    while (*link != NULL && (*link)->file != file)
        link = &(*link)->next;
    return link;
}

static struct segment *make_segment(_Atomic(struct segment *) *slot)
{
    struct segment *present = NULL;
    struct segment *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    lock_init(&made->lock);
    if (atomic_compare_exchange_strong(slot, &present, made))
        return made;
    free(made);
    return present;
}

int registry_add(struct stream *stream)
{
    if (libc_stream_of(stream->file) == stream)
        return 0;
    _Atomic(struct segment *) *slot = segment_of(stream->file);
    struct segment *segment = *slot;
    if (segment == NULL)
        segment = make_segment(slot);
    if (segment == NULL)
        return -1;
    lock_acquire(&segment->lock);
    _Atomic(struct stream *) *list = list_of_file(segment, stream->file);
    atomic_store_explicit(&stream->next, *list, memory_order_relaxed);
    atomic_store_explicit(list, stream, memory_order_release);
    lock_release(&segment->lock);
    return 0;
}

void registry_remove(struct stream *stream)
{
    struct segment *segment = *segment_of(stream->file);
    if (segment == NULL)
        return;
    lock_acquire(&segment->lock);
    _Atomic(struct stream *) *link = find_link(segment, stream->file);
    if (*link != NULL)
        atomic_store_explicit(link, stream->next, memory_order_release);
    lock_release(&segment->lock);
}

struct stream *registry_find(FILE *file)
{
    struct stream *told = libc_stream_of(file);
    struct segment *segment = *segment_of(file);
    if (told != NULL || segment == NULL)
        return told;
    lock_acquire(&segment->lock);
    struct stream *stream = *find_link(segment, file);
    lock_release(&segment->lock);
    return stream;
}
