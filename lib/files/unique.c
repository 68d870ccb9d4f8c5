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

/* ---- Drawing names -------------------------------------------------------------------
 */

/* Of 2^32: it scatters what is counted over all bits. */
#define GOLDEN_RATIO UINT64_C(0x9e3779b1)

/* Where the kernel gives no random number at once (too early after its start, or not to
 * this process), the time and an address will do: files are created exclusively, so a
 * name that somebody guesses costs another try. */
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

/* Letters of one case, for filesystems that know no other. */
static char *random_name(const char *prefix, const char *suffix)
{
    enum { LENGTH = 10, LETTER_BITS = 5, MASK = (1 << LETTER_BITS) - 1 };
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    char random[LENGTH + 1] = {0};
    char *name;
    uint64_t number = random_number();
    for (size_t i = 0; i < LENGTH; i++)
        random[i] = digits[number >> i * LETTER_BITS & MASK];
    return asprintf(&name, "%s%s%s", prefix, random, suffix) == -1 ? NULL : name;
}

/* ---- Taking one ----------------------------------------------------------------------
 */

struct wanted {
    int directory;
    const char *prefix;
    const char *suffix;
    int access;
    mode_t mode;
    int linked; /* the file to link; -1: one is to be made */
    struct removal *removal;
};

/* A descriptor of the file that has got NAME then, or -1. */
static int take_name(const struct wanted *wanted, const char *name)
{
    if (wanted->linked == -1)
        return descriptor_create(wanted->directory, name, wanted->access, wanted->mode);
    return descriptor_link(wanted->linked, wanted->directory, name) == 0 ? wanted->linked
                                                                         : -1;
}

/* NAME belongs to the removal then; or the file has it no more. */
static int arm_removal(const struct wanted *wanted, char *name, int descriptor)
{
    struct stat status;
    if (RETRY(fstat(descriptor, &status)) != 0) {
        KEEPING_ERRNO((void) RETRY(unlinkat(wanted->directory, name, 0)));
        return -1;
    }
    removal_set(wanted->removal, wanted->directory, name, &status);
    removal_arm(wanted->removal);
    return 0;
}

static int take_and_arm(const struct wanted *wanted, char *name)
{
    int descriptor = take_name(wanted, name);
    if (descriptor == -1 || arm_removal(wanted, name, descriptor) == 0)
        return descriptor;
    if (wanted->linked == -1)
        descriptor_close(descriptor);
    return -1;
}

static int take_once(const struct wanted *wanted)
{
    sigset_t signals;
    char *name = random_name(wanted->prefix, wanted->suffix);
    if (name == NULL)
        return -1;
    int descriptor = removal_begin_creation(wanted->removal, &signals);
    if (descriptor == 0) {
        descriptor = take_and_arm(wanted, name);
        removal_end_creation(wanted->removal, &signals);
    }
    if (descriptor == -1)
        call_free(name);
    return descriptor;
}

/* A filesystem that says EEXIST whatever the name has its way in the end. */
static int take(const struct wanted *wanted)
{
    enum { MOST_TRIES = 100 };
    int descriptor = -1;
    int tries = 0;
    do
        descriptor = take_once(wanted);
    while (descriptor == -1 && errno == EEXIST && ++tries < MOST_TRIES);
    return descriptor;
}

int unique_create(int directory, const char *prefix, const char *suffix, int access,
    mode_t mode, struct removal *removal)
{
    return take(&(struct wanted){directory, prefix, suffix, access, mode, -1, removal});
}

int unique_link(int directory, const char *prefix, const char *suffix, int descriptor,
    struct removal *removal)
{
    struct wanted wanted = {directory, prefix, suffix, 0, 0, descriptor, removal};
    return take(&wanted) != -1 ? 0 : -1;
}
