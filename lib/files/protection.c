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

/* setfsuid(-1) changes nothing, because no user has that number, and returns the present
 * one, or -1 if a sandbox refuses it. */
static uid_t user_for_files(void)
{
    uid_t user = (uid_t) setfsuid((uid_t) -1);
    return user != (uid_t) -1 ? user : geteuid();
}

/* The digit in the file SETTING of /proc/sys, or USUAL if the file cannot be read or is
 * empty. */
static int read_setting(const char *setting, int usual)
{
    char digit;
    int descriptor = descriptor_open(AT_FDCWD, setting, O_RDONLY);
    if (descriptor == -1)
        return usual;
    ssize_t count = descriptor_pread(descriptor, &digit, 1, 0);
    descriptor_close(descriptor);
    return count == 1 ? digit - '0' : usual;
}

/* A sticky directory is shared if one of WRITERS may write it. SETTING 1 protects files
 * in directories that all may write, 2 also in those that their group may write. */
static int check_shared(int directory, const struct stat *status, mode_t writers,
    const char *setting, int usual)
{
    struct stat parent;
    if (status->st_uid == user_for_files())
        return 0;
    if (RETRY(fstat(directory, &parent)) != 0)
        return -1;
    if (status->st_uid == parent.st_uid || (parent.st_mode & S_ISVTX) == 0 ||
        (parent.st_mode & writers) == 0)
        return 0;
    int needed = (parent.st_mode & S_IWOTH) != 0 ? 1 : 2;
    return read_setting(setting, usual) < needed ? 0 : call_fail(EACCES);
}

int protection_check_link(int directory, const struct stat *status)
{
    return check_shared(directory, status, S_IWOTH, "/proc/sys/fs/protected_symlinks", 1);
}

int protection_check_writing(int directory, const struct stat *status)
{
    return check_shared(
        directory, status, S_IWOTH | S_IWGRP, "/proc/sys/fs/protected_regular", 2);
}

/* Whether the process has CAP_FOWNER. The system call is used because not every C library
 * has a header for capabilities. If it fails, the answer is yes: the kernel will refuse
 * to replace the file. */
static bool has_fowner_capability(void)
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
    struct stat parent;
    uid_t own = user_for_files();
    if (status->st_uid == own)
        return 0;
    if (RETRY(fstat(directory, &parent)) != 0)
        return -1;
    if ((parent.st_mode & S_ISVTX) == 0 || parent.st_uid == own ||
        has_fowner_capability())
        return 0;
    return call_fail(EPERM);
}
