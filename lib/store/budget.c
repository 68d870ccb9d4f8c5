#include <config.h>

#include "store/budget.h"

#include "base/call.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct filelike_budget {
    size_t bytes;
    atomic_size_t used;
    atomic_size_t references; /* one of the program, and one of each store */
};

filelike_budget *budget_create(size_t bytes)
{
    filelike_budget *budget = malloc(sizeof *budget);
    if (budget == NULL)
        return NULL;
    budget->bytes = bytes;
    atomic_init(&budget->used, 0);
    atomic_init(&budget->references, 1);
    return budget;
}

filelike_budget *budget_retain(filelike_budget *budget)
{
    if (budget != NULL)
        (void) atomic_fetch_add(&budget->references, 1);
    return budget;
}

void budget_release(filelike_budget *budget)
{
    if (budget != NULL && atomic_fetch_sub(&budget->references, 1) == 1)
        free(budget);
}

int budget_take(filelike_budget *budget, size_t needed, size_t wanted, size_t *taken)
{
    *taken = wanted;
    if (budget == NULL)
        return 0;
    size_t used = atomic_load(&budget->used);
    do {
        size_t left = budget->bytes - used;
        if (needed > left)
            return call_fail(ENOMEM);
        *taken = wanted < left ? wanted : left;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, used + *taken));
    return 0;
}

void budget_give(filelike_budget *budget, size_t bytes)
{
    if (budget != NULL)
        (void) atomic_fetch_sub(&budget->used, bytes);
}

size_t budget_used(const filelike_budget *budget)
{
    return atomic_load(&budget->used);
}
