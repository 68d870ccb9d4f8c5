/* A budget is never passed, whatever stores take and give back. */
#include "proof.h"

#include "store/budget.c"

static filelike_budget budget;

static void begin_budget(void)
{
    budget.bytes = nondet_size();
    budget.used = nondet_size();
    ASSUME(budget.used <= budget.bytes);
}

/* Stores ask for no less than they need. */
void proof_take(void)
{
    begin_budget();
    size_t needed = nondet_size();
    size_t wanted = nondet_size();
    size_t before = budget.used;
    size_t taken;
    ASSUME(needed <= wanted);
    int status = budget_take(&budget, needed, wanted, &taken);
    PROVE(budget.used <= budget.bytes);
    if (status == 0)
        PROVE(budget.used - before == taken && needed <= taken && taken <= wanted);
    else
        PROVE(budget.used == before && needed > budget.bytes - before);
}

/* Stores give back no more than they have taken. */
void proof_give(void)
{
    begin_budget();
    size_t given = nondet_size();
    ASSUME(given <= budget.used);
    budget_give(&budget, given);
    PROVE(budget.used <= budget.bytes);
}
