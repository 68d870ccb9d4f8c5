#include <config.h>

#include "stdio/libc.h"

#if FILELIKE_GLIBC_INTERNALS

#include "stdio/glibc_cookie.h"

#include <stdatomic.h>

/* The first members of glibc's struct _IO_cookie_file behind its FILE. */
struct behind {
    const void *functions; /* of this kind of FILE; freopen replaces them */
    void *cookie;
    uintptr_t read_callback; /* scrambled by a secret number of the process */
};

/* Those of a FILE with callbacks that are not for streams. */
static struct behind foreign;

/* These members are the same in all FILEs with the callbacks for streams. NULL: not
 * learned. */
static _Atomic(const void *) our_functions;
static atomic_uintptr_t our_read_callback;

/* Behind any other kind of FILE lie the functions, too, but nothing else. */
static const struct behind *look_behind(FILE *file)
{
    return (const void *) (file + 1);
}

void glibc_cookie_see_foreign(FILE *file)
{
    foreign = *look_behind(file);
}

/* Other threads may learn the same at the same time. */
void glibc_cookie_learn(FILE *file, const void *cookie)
{
    const struct behind *ours = look_behind(file);
    if (ours->functions != foreign.functions || ours->cookie != cookie ||
        ours->read_callback == foreign.read_callback)
        return;
    atomic_store(&our_read_callback, ours->read_callback);
    atomic_store(&our_functions, ours->functions);
}

bool glibc_cookie_has_callbacks(FILE *file)
{
    return look_behind(file)->functions == foreign.functions;
}

void *glibc_cookie_of(FILE *file)
{
    const struct behind *behind = look_behind(file);
    const void *functions = atomic_load_explicit(&our_functions, memory_order_acquire);
    if (functions == NULL || behind->functions != functions)
        return NULL;
    uintptr_t callback = atomic_load_explicit(&our_read_callback, memory_order_relaxed);
    return behind->read_callback == callback ? behind->cookie : NULL;
}

#endif
