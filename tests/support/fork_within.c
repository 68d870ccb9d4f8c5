#include <config.h>

#include "fork_within.h"

#include <sys/wait.h>
#include <unistd.h>

static enum fault_call call_that_forks;
static pid_t child = -1;
static int status_of_child = -1;

static enum fault strike(enum fault_call call)
{
    if (call != call_that_forks)
        return FAULT_NONE;
    faults.strike = NULL;
    child = fork();
    if (child > 0 && waitpid(child, &status_of_child, 0) != child)
        status_of_child = -1;
    return FAULT_NONE;
}

void fork_within(enum fault_call call)
{
    call_that_forks = call;
    faults.strike = strike;
}

bool is_forked_within(void)
{
    return child == 0;
}

int status_of_forked(void)
{
    return status_of_child;
}
