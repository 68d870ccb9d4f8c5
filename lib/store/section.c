#include <config.h>

#include "store/section.h"

#include "base/call.h"
#include "store/contents.h"

#include <stdlib.h>

struct section {
    struct store store;
    struct store *whole; /* a reference */
    int64_t start;       /* position in WHOLE */
    int64_t max_size;    /* bytes; fewer are there if WHOLE ends before */
};

static const struct section *section_of(const struct store *store)
{
    return (const struct section *) store;
}

static ssize_t section_read(
    struct store *store, void *buffer, size_t size, int64_t position)
{
    const struct section *section = section_of(store);
    if (position >= section->max_size || position > INT64_MAX - section->start)
        return 0;
    int64_t left = section->max_size - position;
    size_t count = (uint64_t) left < size ? (size_t) left : size;
    return store_read(section->whole, buffer, count, section->start + position);
}

/* Returns how many bytes the section has when WHOLE has WHOLE_SIZE. */
static int64_t size_within(const struct section *section, int64_t whole_size)
{
    int64_t available = whole_size > section->start ? whole_size - section->start : 0;
    return available < section->max_size ? available : section->max_size;
}

static int64_t section_size(struct store *store)
{
    const struct section *section = section_of(store);
    int64_t size = store_size(section->whole);
    return size != -1 ? size_within(section, size) : -1;
}

static const void *section_view(struct store *store, size_t *size)
{
    const struct section *section = section_of(store);
    const char *bytes = store_view(section->whole, size);
    if (bytes == NULL)
        return NULL;
    *size = (size_t) size_within(section, (int64_t) *size);
    return *size > 0 ? bytes + section->start : "";
}

static int section_destroy(struct store *store)
{
    int status = store_release(section_of(store)->whole);
    call_free(store);
    return status;
}

static const struct store_operations section_operations = {
    .read = section_read,
    .size = section_size,
    .view = section_view,
    .copy_to = contents_to_file,
    .destroy = section_destroy,
};

struct store *section_create(struct store *whole, int64_t start, int64_t size)
{
    struct section *section = malloc(sizeof *section);
    if (section == NULL)
        return NULL;
    *section = (struct section){
        .whole = whole, .start = start, .max_size = size != -1 ? size : INT64_MAX};
    store_init(&section->store, &section_operations, 0);
    section->store.owner = whole->owner;
    /* To destroy it reaches none. For the rest store_lock asks the owner. */
    section->store.reaches_cancellation_points = false;
    return &section->store;
}
