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

/* ---- A page that the kernel wipes in every child --------------------------------- */

_Atomic(atomic_uint *) process_page;

/* Used instead if the kernel does not wipe pages. It stays 0. */
static atomic_uint no_page;

/* The last number that this process or an ancestor has taken or was about to take. */
static atomic_uint last_number;

/* Some versions of qemu accept any advice and ignore it. So invalid advice must fail. */
static bool set_wipe_on_fork(void *block, size_t size)
{
    enum { INVALID_ADVICE = -1 };
    return madvise(block, size, INVALID_ADVICE) != 0 &&
           madvise(block, size, MADV_WIPEONFORK) == 0;
}

static atomic_uint *make_page(void)
{
    size_t size = sizeof(atomic_uint); /* the kernel rounds it up to a page */
    int protection = PROT_READ | PROT_WRITE;
    void *block = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block != MAP_FAILED && set_wipe_on_fork(block, size))
        return block;
    if (block != MAP_FAILED)
        (void) munmap(block, size);
    return &no_page;
}

/* The number is taken before it is stored, so that a child of a fork in between takes
 * another one. */
static unsigned take_number(atomic_uint *page)
{
    unsigned present = 0;
    unsigned number = atomic_fetch_add(&last_number, 1) + 1;
    return atomic_compare_exchange_strong(page, &present, number) ? number : present;
}

/* ---- Without such a page --------------------------------------------------------- */

static atomic_uint generation;

static void begin_generation(void)
{
    (void) atomic_fetch_add(&generation, 1);
}

/* fork changes the generation. clone changes only the process ID, and not even that if
 * the child is in a new PID namespace: such a child is not recognized here. */
static unsigned number_by_getpid(void)
{
    enum { PID_BITS = 22 }; /* Linux's limit, PID_MAX_LIMIT */
    unsigned number = atomic_load(&generation) << PID_BITS | (unsigned) getpid();
    return number % PROCESS_NUMBERS;
}

/* ---- The number of this process -------------------------------------------------- */

/* Other threads and signal handlers may be choosing, too. The first choice counts. */
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

/* ---- The end --------------------------------------------------------------------- */

atomic_bool process_ending;

int process_check_end(void)
{
    return process_is_ending() ? call_fail(ECANCELED) : 0;
}

void process_begin_ending(void)
{
    atomic_store(&process_ending, true);
}
