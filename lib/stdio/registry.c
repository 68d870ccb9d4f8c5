#include <config.h>

#include "stdio/registry.h"

#include <stdlib.h>

/* A table of lists, in segments that are made when the first stream of theirs comes. A
 * stream, its buffer and its store lie at least this far apart, so the FILE *s of streams
 * opened together fall into neighbouring lists of one segment, and those of threads,
 * whose heaps lie apart, into different ones, with locks of their own. */
enum { SPACING_BITS = 10, LIST_BITS = 9, SEGMENT_BITS = 8 };

/* A list changes by one pointer, so that a forked child finds it whole. */
struct segment {
    struct lock lock;
    _Atomic(struct stream *) lists[1 << LIST_BITS];
};

static _Atomic(struct segment *) registry_segments[1 << SEGMENT_BITS];

/* The heaps of glibc's threads are aligned to a power of two: let those bits count. */
static uintptr_t number_of(const FILE *file)
{
    uintptr_t place = (uintptr_t) file >> SPACING_BITS;
    return place ^ place >> (LIST_BITS + SEGMENT_BITS);
}

static _Atomic(struct segment *) *segment_of(const FILE *file)
{
    return &registry_segments[(number_of(file) >> LIST_BITS) % (1 << SEGMENT_BITS)];
}

static _Atomic(struct stream *) *list_of(struct segment *segment, const FILE *file)
{
    return &segment->lists[number_of(file) % (1 << LIST_BITS)];
}

/* What leads to the stream of FILE, or the end of the list. */
static _Atomic(struct stream *) *link_to(struct segment *segment, const FILE *file)
{
    _Atomic(struct stream *) *link = list_of(segment, file);
    while (*link != NULL && (*link)->file != file)
        link = &(*link)->next;
    return link;
}

static struct segment *make_segment(_Atomic(struct segment *) *place)
{
    struct segment *present = NULL;
    struct segment *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    lock_init(&made->lock);
    if (atomic_compare_exchange_strong(place, &present, made))
        return made;
    free(made);
    return present;
}

int registry_add(struct stream *stream)
{
    _Atomic(struct segment *) *place = segment_of(stream->file);
    struct segment *segment = *place;
    if (segment == NULL)
        segment = make_segment(place);
    if (segment == NULL)
        return -1;
    lock_acquire(&segment->lock);
    _Atomic(struct stream *) *list = list_of(segment, stream->file);
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
    _Atomic(struct stream *) *link = link_to(segment, stream->file);
    if (*link != NULL)
        atomic_store_explicit(link, stream->next, memory_order_release);
    lock_release(&segment->lock);
}

struct stream *registry_find(FILE *file)
{
    struct segment *segment = *segment_of(file);
    if (segment == NULL)
        return NULL;
    lock_acquire(&segment->lock);
    struct stream *stream = *link_to(segment, file);
    lock_release(&segment->lock);
    return stream;
}
