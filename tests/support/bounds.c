#include <config.h>

#include "bounds.h"

#include "sanitized.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define GIB ((rlim_t) 1 << 30)

enum { FILE_GIB = 1, MEMORY_GIB = 8 };

#ifdef __GLIBC__
typedef __rlimit_resource_t resource;
#else
typedef int resource;
#endif

/* The bound stays soft, so that a test can set another one. */
static void bound(resource bounded, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(bounded, &limit) == 0 && limit.rlim_cur > most) {
        limit.rlim_cur = most;
        (void) setrlimit(bounded, &limit);
    }
}

static void tell(int signal_number)
{
    static const char text[] =
        "a file would grow beyond 1 GiB, the most that a test may write (bounds.h)\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void) ignored;
    (void) signal(signal_number, SIG_DFL);
    (void) raise(signal_number);
}

/* A sanitizer's own memory is part of the address space, and so is valgrind's. */
__attribute__((constructor)) static void bounds_set(void)
{
    bound(RLIMIT_FSIZE, FILE_GIB * GIB);
    if (!SANITIZED && getenv("LD_PRELOAD") == NULL && sizeof(void *) > 4)
        bound(RLIMIT_AS, MEMORY_GIB * GIB);
    if (signal(SIGXFSZ, tell) == SIG_IGN)
        (void) signal(SIGXFSZ, SIG_IGN);
}

/* No signal tells of this bound, so the end does: by trying whether a GiB can be had. */
__attribute__((destructor)) static void bounds_tell_memory(void)
{
    struct rlimit limit;
    if (sizeof(void *) == 4 || getrlimit(RLIMIT_AS, &limit) != 0 ||
        limit.rlim_cur != MEMORY_GIB * GIB)
        return;
    void *more =
        mmap(NULL, GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (more != MAP_FAILED)
        (void) munmap(more, GIB);
    else if (errno == ENOMEM) /* and not a failure that the test itself asks for */
        (void) fputs(
            "the test has nearly used 8 GiB of memory, its bound in bounds.h\n", stderr);
}

void bounds_allow_far_positions(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_FSIZE, &limit);
    }
}
