#include <config.h>

#include "base/process.h"

#include "base/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2,
    "signal handlers need atomics without locks");

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* the kernel's, since 4.14 */
#endif

/* ---- A page that the kernel wipes in every child -------------------------------------
 */

_Atomic(atomic_uint *) process_page;

/* In its place where the kernel has no such page; always 0. */
static atomic_uint no_page;

/* The last number that this process or an ancestor has taken, or was about to take. */
static atomic_uint last_number;

/* Some versions of qemu answer 0 to any advice and take none. */
static bool can_wipe(void *block, size_t size)
{
    enum { NO_ADVICE = -1 };
    return madvise(block, size, NO_ADVICE) != 0 &&
           madvise(block, size, MADV_WIPEONFORK) == 0;
}

static atomic_uint *make_page(void)
{
    size_t size = sizeof(atomic_uint); /* of which the kernel makes a page */
    int protection = PROT_READ | PROT_WRITE;
    void *block = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block != MAP_FAILED && can_wipe(block, size))
        return block;
    if (block != MAP_FAILED)
        (void) munmap(block, size);
    return &no_page;
}

/* In this order, so that a fork in between gives no child its parent's number. */
static unsigned take_number(atomic_uint *page)
{
    unsigned present = 0;
    unsigned number = atomic_fetch_add(&last_number, 1) + 1;
    return atomic_compare_exchange_strong(page, &present, number) ? number : present;
}

/* ---- Without such a page -------------------------------------------------------------
 */

static atomic_uint generation;

static void begin_generation(void)
{
    (void) atomic_fetch_add(&generation, 1);
}

/* A child of fork is of another generation, one of clone has another process number, if
 * it is not in a PID namespace of its own, too. */
static unsigned number_by_getpid(void)
{
    enum { PID_BITS = 22 }; /* the most that Linux counts to */
    unsigned number = atomic_load(&generation) << PID_BITS | (unsigned) getpid();
    return number % PROCESS_NUMBERS;
}

/* ---- Either --------------------------------------------------------------------------
 */

/* Other threads may be here, too, and handlers of signals: the first choice holds. */
static atomic_uint *choose_page(void)
{
    atomic_uint *chosen = NULL;
    atomic_uint *made = make_page();
    if (atomic_compare_exchange_strong(&process_page, &chosen, made)) {
        if (made == &no_page)
            (void) pthread_atfork(NULL, NULL, begin_generation);
        return made;
    }
    if (made != &no_page)
        (void) munmap(made, sizeof *made);
    return chosen;
}

unsigned process_find_number(void)
{
    atomic_uint *page = atomic_load(&process_page);
    if (page == NULL)
        KEEPING_ERRNO(page = choose_page());
    return page == &no_page ? number_by_getpid() : take_number(page);
}

/* ---- The end -------------------------------------------------------------------------
 */

static atomic_bool ending;

bool process_is_ending(void)
{
    return atomic_load(&ending);
}

int process_check_end(void)
{
    if (!process_is_ending())
        return 0;
    errno = ECANCELED;
    return -1;
}

void process_begin_ending(void)
{
    atomic_store(&ending, true);
}
