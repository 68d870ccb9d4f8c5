/* A shared allowance of memory, counted in bytes of capacity. A NULL budget allows all.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include "filelike.h"

/* A new budget of that many bytes, with one reference for the caller. NULL with ENOMEM.
 */
filelike_budget *budget_create(size_t bytes);

/* Another reference, for a store that uses the budget. Returns BUDGET. */
filelike_budget *budget_retain(filelike_budget *budget);

/* Drops a reference. The last one frees the budget. */
void budget_release(filelike_budget *budget);

/* Takes WANTED bytes, or as many as are left if those are at least NEEDED. Sets *TAKEN.
 * 0, or -1 with ENOMEM and nothing taken. */
int budget_take(filelike_budget *budget, size_t needed, size_t wanted, size_t *taken);
void budget_give(filelike_budget *budget, size_t bytes);

/* How many bytes are taken. BUDGET is not NULL. */
size_t budget_used(const filelike_budget *budget);

#endif
