/* A shared allowance of memory, counted in bytes of capacity. A NULL budget allows
 * everything.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include "filelike.h"

/* Makes a budget of that many bytes, with one reference for the caller. Returns NULL with
 * ENOMEM. */
filelike_budget *budget_create(size_t bytes);

/* Adds a reference for a store that uses the budget. Returns the budget. */
filelike_budget *budget_retain(filelike_budget *budget);

/* Drops a reference. The last one frees the budget. */
void budget_release(filelike_budget *budget);

/* Takes WANTED bytes, or all that are left if these are at least NEEDED. Sets *TAKEN to
 * their number. Returns 0, or -1 with ENOMEM and takes nothing. */
int budget_take(filelike_budget *budget, size_t needed, size_t wanted, size_t *taken);
void budget_give(filelike_budget *budget, size_t bytes);

/* Returns how many bytes are taken. The budget is not NULL. */
size_t budget_used(const filelike_budget *budget);

#endif
