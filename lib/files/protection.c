#include <config.h>

#include "files/protection.h"

#include "base/call.h"
#include "files/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The user that the kernel sees in matters of files. -1 is nobody, so nothing changes. */
static uid_t user(void)
{
    uid_t user = (uid_t) setfsuid((uid_t) -1);
    return user != (uid_t) -1 ? user : geteuid();
}

/* The digit that SETTING holds, a file of /proc/sys, or USUAL where it cannot be read. */
static int level(const char *setting, int usual)
{
    char digit;
    int descriptor = descriptor_open(AT_FDCWD, setting, O_RDONLY);
    if (descriptor == -1)
        return usual;
    ssize_t count = descriptor_pread(descriptor, &digit, 1, 0);
    descriptor_close(descriptor);
    return count == 1 && digit >= '0' && digit <= '9' ? digit - '0' : usual;
}

int protection_check_link(int directory, const struct stat *status)
{
    enum { EVERYBODYS = S_ISVTX | S_IWOTH };
    struct stat place;
    if (status->st_uid == user())
        return 0;
    if (RETRY(fstat(directory, &place)) != 0)
        return -1;
    if (status->st_uid == place.st_uid || (place.st_mode & EVERYBODYS) != EVERYBODYS ||
        level("/proc/sys/fs/protected_symlinks", 1) == 0)
        return 0;
    return call_fail(EACCES);
}

int protection_check_writing(int directory, const struct stat *status)
{
    struct stat place;
    if (status->st_uid == user())
        return 0;
    if (RETRY(fstat(directory, &place)) != 0)
        return -1;
    if (status->st_uid == place.st_uid || (place.st_mode & S_ISVTX) == 0 ||
        (place.st_mode & (S_IWOTH | S_IWGRP)) == 0)
        return 0;
    int needed = (place.st_mode & S_IWOTH) != 0 ? 1 : 2;
    if (level("/proc/sys/fs/protected_regular", 2) < needed)
        return 0;
    return call_fail(EACCES);
}

/* Whether the process has CAP_FOWNER, as the kernel's own interface tells: not every C
 * library has a header for it. Where it does not tell, the replacement itself will. */
static bool acts_for_owners(void)
{
    enum { INTERFACE = 0x20080522, CAPABILITY = 3, SETS = 2 };
    struct {
        uint32_t version;
        int process; /* 0: this one */
    } header = {.version = INTERFACE};
    struct {
        uint32_t effective, permitted, inheritable;
    } sets[SETS] = {{0}};
    return syscall(SYS_capget, &header, sets) != 0 ||
           (sets[0].effective >> CAPABILITY & 1) != 0;
}

int protection_check_replacing(int directory, const struct stat *status)
{
    struct stat place;
    uid_t own = user();
    if (status->st_uid == own)
        return 0;
    if (RETRY(fstat(directory, &place)) != 0)
        return -1;
    if ((place.st_mode & S_ISVTX) == 0 || place.st_uid == own || acts_for_owners())
        return 0;
    return call_fail(EPERM);
}
