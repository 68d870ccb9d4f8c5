#include <config.h>

#include "next_call.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void need(const void *found, const char *what)
{
    if (found != NULL)
        return;
    (void) fprintf(stderr, "the test cannot run: it finds no %s\n", what);
    abort();
}

any_function *next_call(any_function *stand_in)
{
    Dl_info info;
    const void *address = (const void *) (uintptr_t) stand_in;
    bool found = dladdr(address, &info) != 0 && info.dli_saddr == address;
    need(found ? info.dli_sname : NULL, "name of a call");
    void *next = dlsym(RTLD_NEXT, info.dli_sname);
    need(next, info.dli_sname);
    return (any_function *) (uintptr_t) next;
}
