#include <config.h>

#include "store/fixed.h"

#include "store/memory.h"

#include <stdlib.h>

static int fixed_destroy(struct store *store)
{
    block_finish(&((struct memory *) store)->block);
    free(store);
    return 0;
}

static const struct store_operations fixed_operations = {
    MEMORY_OPERATIONS,
    .destroy = fixed_destroy,
};

struct store *fixed_create(void *block, size_t capacity, size_t size, uint64_t size_limit)
{
    struct memory *memory = malloc(sizeof *memory);
    if (memory == NULL)
        return NULL;
    memory_init(memory, &fixed_operations, size_limit, capacity, NULL);
    block_fix(&memory->block, block, capacity, size);
    return &memory->file.store;
}
