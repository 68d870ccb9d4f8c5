#include <config.h>

#include "soak_pressure.h"

#include "mounts.h"
#include "resident.h"
#include "scratch.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
    DESCRIPTORS = 7,          /* of the process, in bad times */
    FILE_SIZE = 1 << 17,      /* bytes, where there is no small disk */
    MAPPED_BLOCK = 16 * 1024, /* bytes of a block that malloc asks the kernel for */
    HEAP_PAD = 4096           /* bytes that it asks for, or keeps, ahead */
};

static struct rlimit usual_descriptors, usual_memory;
static bool limits_memory;

/* ---- Limits --------------------------------------------------------------------------
 */

static struct rlimit at_most(struct rlimit usual, rlim_t amount)
{
    if (amount < usual.rlim_cur)
        usual.rlim_cur = amount;
    return usual;
}

static void limit_descriptors(rlim_t amount)
{
    struct rlimit limit = at_most(usual_descriptors, amount);
    (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static void limit_memory(rlim_t amount)
{
    struct rlimit limit = at_most(usual_memory, amount);
    (void) setrlimit(RLIMIT_AS, &limit);
}

/* The limit is the memory that is mapped now. malloc and mmap get nothing more from the
 * kernel. */
static void refuse_memory(void)
{
    int64_t mapped = limits_memory ? resident_mapped() : -1;
    if (mapped != -1)
        limit_memory((rlim_t) mapped);
}

void pressure_end(void)
{
    limit_descriptors(RLIM_INFINITY);
    limit_memory(RLIM_INFINITY);
}

void pressure_turn(unsigned number)
{
    pressure_end();
    if (number % 4 == 1)
        limit_descriptors(DESCRIPTORS);
    else if (number % 4 == 3)
        refuse_memory();
}

/* ---- Beginning -----------------------------------------------------------------------
 */

/* glibc maps 64 MiB for each thread that allocates. A limit would not affect allocations
 * from them. */
static void keep_no_reserve(void)
{
#if defined M_ARENA_MAX
    (void) mallopt(M_ARENA_MAX, 1);
    (void) mallopt(M_MMAP_THRESHOLD, MAPPED_BLOCK);
    (void) mallopt(M_TOP_PAD, HEAP_PAD);
    (void) mallopt(M_TRIM_THRESHOLD, HEAP_PAD);
#endif
}

static void limit_disk(void)
{
    struct rlimit size = {.rlim_cur = FILE_SIZE, .rlim_max = RLIM_INFINITY};
    if (mounts_begin() && mount_memory("disk", "size=512k"))
        return;
    say_skipped("a small disk", "mounts are not permitted; a file size limit is");
    (void) signal(SIGXFSZ, SIG_IGN);
    (void) setrlimit(RLIMIT_FSIZE, &size);
}

bool pressure_begin(bool memory_unlimited)
{
    limits_memory = !memory_unlimited;
    if (getrlimit(RLIMIT_NOFILE, &usual_descriptors) != 0 ||
        getrlimit(RLIMIT_AS, &usual_memory) != 0 || mkdir("disk", 0700) != 0)
        return false;
    if (limits_memory)
        keep_no_reserve();
    limit_disk();
    return true;
}
