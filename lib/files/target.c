#include <config.h>

#include "files/target.h"

#include "base/call.h"
#include "base/process.h"
#include "filelike.h"
#include "files/descriptor.h"
#include "files/path.h"
#include "files/protection.h"
#include "files/replaceable.h"
#include "files/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Making a target ------------------------------------------------------------- */

static int find_file(struct target *target)
{
    if (resolve_links(target) != 0 || replaceable_check_directory(target) != 0)
        return -1;
    return target_exists(target) ? replaceable_check(target) : 0;
}

static int find_nothing(struct target *target)
{
    if (resolve_name(target) != 0)
        return -1;
    return target_exists(target) ? call_fail(EEXIST)
                                 : replaceable_check_directory(target);
}

static int find_target(struct target *target, const char *path, unsigned flags)
{
    if (process_check_end() != 0 || resolve_path(target, path, flags) != 0)
        return -1;
    return flags & FILELIKE_NOREPLACE ? find_nothing(target) : find_file(target);
}

/* Another process may remove the file between two looks at its name. Then the name is
 * free, or leads to another file. */
int target_init(struct target *target, const char *path, unsigned flags)
{
    enum { MOST_LOOKS = 16 };
    bool is_gone = true;
    int status = -1;
    for (int looks = 0; is_gone && looks < MOST_LOOKS; looks++) {
        struct target found = {
            .directory = AT_FDCWD, .file = -1, .maker = process_number()};
        status = find_target(&found, path, flags);
        is_gone = status != 0 && errno == ENOENT && target_exists(&found);
        if (status != 0)
            target_finish(&found);
        *target = found;
    }
    return status;
}

void target_finish(struct target *target)
{
    descriptor_close(target->file);
    if (target->directory != AT_FDCWD)
        descriptor_close(target->directory);
    call_free(target->name);
    *target = (struct target){.directory = -1, .file = -1, .maker = target->maker};
}

/* ---- The file at the target ------------------------------------------------------ */

bool target_exists(const struct target *target)
{
    return target->file != -1;
}

bool target_is_file(const struct target *target, const struct stat *status)
{
    return target_exists(target) && descriptor_same_file(&target->status, status);
}

void target_close_file(struct target *target)
{
    descriptor_close(target->file);
    target->file = -1;
}

int target_refresh(struct target *target)
{
    if (resolve_name(target) != 0)
        return -1;
    if (target_exists(target) && !S_ISREG(target->status.st_mode))
        target_close_file(target);
    return target_exists(target)
               ? protection_check_writing(target->directory, &target->status)
               : 0;
}

/* O_NONBLOCK and O_NOCTTY, because the name may stand for a pipe or a terminal by now. */
int target_open(const struct target *target)
{
    struct stat status;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int file = descriptor_open(target->directory, target->name, flags);
    if (file == -1)
        return -1;
    if (RETRY(fstat(file, &status)) == 0 && replaceable_check_type(&status) == 0 &&
        protection_check_writing(target->directory, &status) == 0)
        return file;
    descriptor_close(file);
    return -1;
}

/* ---- Its attributes -------------------------------------------------------------- */

static int open_for_attributes(const struct target *target)
{
    int file = target_open(target);
    if (file != -1 || errno != EACCES)
        return file;
    return descriptor_open(
        target->directory, target->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
}

/* An O_PATH descriptor leads to attributes only through /proc. If there is no /proc
 * (ENOENT), the file is opened. */
int target_attributes(const struct target *target, struct attributes *attributes)
{
    int status = attributes_read(attributes, target->file);
    if (status == 0 || errno != ENOENT)
        return status;
    int file = open_for_attributes(target);
    if (file == -1)
        return -1;
    status = attributes_read(attributes, file);
    descriptor_close(file);
    return status;
}

/* ---- Its names ------------------------------------------------------------------- */

/* 1 if both are the same, 0 if they are not, or -1 with errno. */
static int compare_directories(int one, int other)
{
    struct stat status;
    struct stat other_status;
    if (RETRY(fstat(one, &status)) != 0 || RETRY(fstat(other, &other_status)) != 0)
        return -1;
    return descriptor_same_file(&status, &other_status);
}

int target_is_other_name(const struct target *target, int directory, const char *name)
{
    size_t length = path_start_of_name(name, strlen(name)); /* of the directory's path */
    if (strcmp(name + length, target->name) != 0)
        return 1;
    int other = resolve_directory(directory, name, length);
    if (other == -1)
        return -1;
    int is_same = compare_directories(target->directory, other);
    descriptor_close(other);
    return is_same != -1 ? !is_same : -1;
}

char *target_path(const struct target *target, const char *path, int file)
{
    char *found = path_check(strdup(path), file);
    if (found == NULL)
        found = path_check(
            path_in(path_of_descriptor(target->directory), target->name), file);
    if (found == NULL)
        found = path_check(path_absolute(path), file);
    return found;
}

/* ---- Putting a file there -------------------------------------------------------- */

int target_begin_publishing(const struct target *target, sigset_t *signals)
{
    call_hold_signals(signals);
    if (target->maker != process_number())
        errno = ECHILD;
    else if (process_check_end() == 0)
        return 0;
    call_release_signals(signals);
    return -1;
}

static int sync_directory(const struct target *target, int file)
{
    int status = RETRY(fsync(target->directory));
    if (status == -1 && errno == EBADF) /* O_PATH */
        status = RETRY(syncfs(file));
    /* Some filesystems keep nothing of a directory that could be synced. */
    return status == -1 && (errno == EINVAL || errno == EOPNOTSUPP) ? 0 : status;
}

/* btrfs stores only the bytes of a file that is synced while it has no name. A sync of
 * the directory stores the rest, but not always while other threads sync there, too (seen
 * with Linux 6.18). So the file is synced again. */
int target_sync(const struct target *target, int file, unsigned flags, bool *is_lost)
{
    *is_lost = false;
    if (flags & FILELIKE_NOSYNC)
        return 0;
    *is_lost = RETRY(fsync(file)) != 0;
    return *is_lost ? -1 : sync_directory(target, file);
}
