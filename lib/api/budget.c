/* A shared allowance of memory for several streams. */
#include <config.h>

#include "filelike.h"

#include "store/budget.h"

filelike_budget *filelike_budget_new(size_t bytes)
{
    return budget_create(bytes);
}

size_t filelike_budget_used(const filelike_budget *budget)
{
    return budget_used(budget);
}

void filelike_budget_free(filelike_budget *budget)
{
    budget_release(budget);
}
