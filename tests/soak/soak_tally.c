#include <config.h>

#include "soak_tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    int error;
    unsigned lack;
    const char *name;
} expected[] = {
    {ENOMEM, LACK_MEMORY, "ENOMEM"},
    {EMFILE, LACK_DESCRIPTORS, "EMFILE"},
    {ENOSPC, LACK_DISK, "ENOSPC"},
    {EFBIG, LACK_DISK, "EFBIG"},
    {EAGAIN, LACK_THREADS, "EAGAIN"},
    {ENOTSUP, LACK_SUPPORT, "ENOTSUP"},
    {EEXIST, LACK_FREE_PATH, "EEXIST"},
    {ENOENT, LACK_PATH, "ENOENT"},
};

static struct tally {
    atomic_uint_fast64_t operations;
    atomic_uint_fast64_t children;
    atomic_uint_fast64_t losses;
    atomic_uint_fast64_t missing;
    atomic_uint_fast64_t faults[COUNT(expected)];
} * tally;

/* Children count too, so the memory is shared with them. */
bool tally_begin(void)
{
    void *shared = mmap(
        NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    tally = shared;
    return true;
}

void tally_operation(void)
{
    (void) atomic_fetch_add(&tally->operations, 1);
}

void tally_child(void)
{
    (void) atomic_fetch_add(&tally->children, 1);
}

void tally_loss(void)
{
    (void) atomic_fetch_add(&tally->losses, 1);
}

void tally_missing(void)
{
    (void) atomic_fetch_add(&tally->missing, 1);
}

bool tally_fault(int error, unsigned lack)
{
    for (size_t i = 0; i < COUNT(expected); i++) {
        if (expected[i].error == error && (expected[i].lack & lack) != 0) {
            (void) atomic_fetch_add(&tally->faults[i], 1);
            return true;
        }
    }
    return false;
}

bool tally_is_without_loss(void)
{
    return atomic_load(&tally->losses) == 0;
}

void tally_report(void)
{
    uint_fast64_t faults = 0;
    for (size_t i = 0; i < COUNT(expected); i++)
        faults += atomic_load(&tally->faults[i]);
    (void) printf("%" PRIuFAST64 " operations, %" PRIuFAST64 " children, %" PRIuFAST64
                  " faults, %" PRIuFAST64 " losses\nfaults:",
        atomic_load(&tally->operations), atomic_load(&tally->children), faults,
        atomic_load(&tally->losses));
    for (size_t i = 0; i < COUNT(expected); i++)
        (void) printf(
            " %s %" PRIuFAST64, expected[i].name, atomic_load(&tally->faults[i]));
    (void) printf("\nstreams of other threads whose descriptor a child did not get: "
                  "%" PRIuFAST64 "\n",
        atomic_load(&tally->missing));
}
