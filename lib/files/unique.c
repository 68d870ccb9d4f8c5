#include <config.h>

#include "files/unique.h"

#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* ---- Drawing names --------------------------------------------------------------- */

/* 2^32 divided by the golden ratio. A product with it spreads a count over all bits. */
#define GOLDEN_RATIO UINT64_C(0x9e3779b1)

/* If the kernel gives no random number at once (shortly after booting, or in a sandbox),
 * the time and an address will do. Files are created exclusively, so a name that somebody
 * guesses costs only another try. */
static uint64_t random_number(void)
{
    uint64_t number;
    struct timespec now;
    if (RETRY(getrandom(&number, sizeof number, GRND_NONBLOCK)) == sizeof number)
        return number;
    (void) clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_nsec * GOLDEN_RATIO ^ (uint64_t) now.tv_sec ^
           (uintptr_t) &now;
}

/* Lower case only, for filesystems that do not distinguish cases. */
static char *random_name(const char *prefix, const char *suffix)
{
    enum { LENGTH = 10, LETTER_BITS = 5, MASK = (1 << LETTER_BITS) - 1 };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    char random[LENGTH + 1] = {0};
    char *name;
    uint64_t number = random_number();
    for (size_t i = 0; i < LENGTH; i++)
        random[i] = letters[number >> i * LETTER_BITS & MASK];
    return asprintf(&name, "%s%s%s", prefix, random, suffix) == -1 ? NULL : name;
}

/* ---- Giving a file such a name --------------------------------------------------- */

/* A descriptor of the file with NAME, or -1. */
static int take_name(const struct unique_file *file, const char *name)
{
    if (file->linked == -1)
        return descriptor_create(file->directory, name, file->access, file->mode);
    return descriptor_link(file->linked, file->directory, name) == 0 ? file->linked : -1;
}

/* 0, and NAME belongs to REMOVAL; or -1, and the file has lost the name again. */
static int arm_removal(struct removal *removal, int directory, char *name, int descriptor)
{
    struct stat status;
    if (RETRY(fstat(descriptor, &status)) != 0) {
        KEEPING_ERRNO((void) RETRY(unlinkat(directory, name, 0)));
        return -1;
    }
    removal_set(removal, directory, name, &status);
    return 0;
}

static int take_and_arm(
    const struct unique_file *file, char *name, struct removal *removal)
{
    int descriptor = take_name(file, name);
    if (descriptor == -1 || arm_removal(removal, file->directory, name, descriptor) == 0)
        return descriptor;
    if (file->linked == -1)
        descriptor_close(descriptor);
    return -1;
}

static int take_random_name(const struct unique_file *file, struct removal *removal)
{
    sigset_t signals;
    char *name = random_name(file->prefix, file->suffix);
    if (name == NULL)
        return -1;
    int descriptor = removal_begin_creation(removal, &signals);
    if (descriptor == 0) {
        descriptor = take_and_arm(file, name, removal);
        removal_end_creation(removal, &signals);
    }
    if (descriptor == -1)
        call_free(name);
    return descriptor;
}

/* The number of tries is limited, in case a filesystem answers EEXIST to any name. */
int unique_create(const struct unique_file *file, struct removal **removal)
{
    enum { MOST_TRIES = 100 };
    int descriptor = -1;
    int tries = 0;
    *removal = removal_reserve();
    if (*removal == NULL)
        return -1;
    do
        descriptor = take_random_name(file, *removal);
    while (descriptor == -1 && errno == EEXIST && ++tries < MOST_TRIES);
    if (descriptor == -1) {
        removal_release(*removal);
        *removal = NULL;
    }
    return descriptor;
}
