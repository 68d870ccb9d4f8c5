#include <config.h>

#include "files/target.h"

#include "files/descriptor.h"
#include "filelike.h"
#include "files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as Linux follows. */
enum { MOST_LINKS = 40 };

/* ---- Resolving -----------------------------------------------------------------------
 */

/* Whether a path that ends with NAME, its last slashes cut off, says itself that it is
 * one of a directory: the root, "." or "..". */
static bool names_directory(const char *name)
{
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Cuts them off, but for one that is the root. */
static bool cut_slashes(char *path)
{
    size_t length = strlen(path);
    size_t kept = length;
    while (kept > 1 && path[kept - 1] == '/')
        kept--;
    path[kept] = '\0';
    return kept < length;
}

/* Opens the directory that the target's name lies in. */
static int open_directory(struct target *target)
{
    size_t length = (size_t) (target->name - target->path);
    char *directory = strndup(target->path, length);
    if (directory == NULL)
        return -1;
    int flags = O_DIRECTORY;
    target->directory = descriptor_open(AT_FDCWD, directory, O_RDONLY | flags);
    /* The right to list it is not needed. */
    if (target->directory == -1 && errno == EACCES)
        target->directory = descriptor_open(AT_FDCWD, directory, O_PATH | flags);
    int saved = errno;
    free(directory);
    errno = saved;
    return target->directory == -1 ? -1 : 0;
}

/* The errors are those of open with O_CREAT, and with O_EXCL for FILELIKE_NOREPLACE. */
static int set_path(struct target *target, char *path, unsigned flags)
{
    if (path == NULL)
        return -1;
    bool has_slash = cut_slashes(path);
    free(target->path);
    target->path = path;
    target->name = path_last(path);
    if (open_directory(target) != 0)
        return -1;
    if (names_directory(target->name))
        errno = flags & FILELIKE_NOREPLACE ? EEXIST : EISDIR;
    else if (has_slash)
        errno = EISDIR;
    else
        return 0;
    return -1;
}

/* The path that LINK, found at the target, leads to. */
static char *link_path(const struct target *target, const char *link)
{
    if (link[0] == '/')
        return strdup(link);
    char *directory = strndup(target->path, (size_t) (target->name - target->path));
    if (directory == NULL)
        return NULL;
    char *path = path_join(directory, "", link);
    free(directory);
    return path;
}

/* 1 where a symbolic link was followed, 0 where there is none, or -1. */
static int follow(struct target *target)
{
    char link[PATH_MAX];
    ssize_t length =
        RETRY(readlinkat(target->directory, target->name, link, sizeof link));
    if (length == -1)
        return errno == EINVAL || errno == ENOENT ? 0 : -1;
    if ((size_t) length == sizeof link) {
        errno = ENAMETOOLONG;
        return -1;
    }
    link[length] = '\0';
    descriptor_close(target->directory);
    target->directory = -1;
    return set_path(target, link_path(target, link), 0) == 0 ? 1 : -1;
}

static int follow_all(struct target *target)
{
    for (int i = 0; i <= MOST_LINKS; i++) {
        int followed = follow(target);
        if (followed != 1)
            return followed;
    }
    errno = ELOOP;
    return -1;
}

/* Asks of PATH itself, as links in /proc lead where their text does not. The kernel also
 * knows links that are not to be followed, planted in a directory that is anybody's. */
static int check_kind(const char *path)
{
    struct stat status;
    if (RETRY(stat(path, &status)) != 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISREG(status.st_mode))
        return 0;
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    return -1;
}

static int resolve_new(struct target *target, const char *path)
{
    if (set_path(target, path_absolute(path), FILELIKE_NOREPLACE) != 0 ||
        target_look(target) != 0)
        return -1;
    if (!target->exists)
        return 0;
    errno = EEXIST;
    return -1;
}

/* The text of a link in /proc to a file that is removed names no file. */
static int check_found(struct target *target, const char *path)
{
    struct stat status;
    if (target->exists)
        return 0;
    if (RETRY(stat(path, &status)) != 0)
        return errno == ENOENT ? 0 : -1;
    if (target_look(target) != 0)
        return -1;
    if (target->exists)
        return 0;
    errno = ENOENT;
    return -1;
}

static int resolve_any(struct target *target, const char *path)
{
    if (set_path(target, path_absolute(path), 0) != 0 || check_kind(path) != 0 ||
        follow_all(target) != 0 || target_look(target) != 0)
        return -1;
    return check_found(target, path);
}

int target_init(struct target *target, const char *path, unsigned flags)
{
    *target = (struct target){.directory = -1};
    int status = flags & FILELIKE_NOREPLACE ? resolve_new(target, path)
                                            : resolve_any(target, path);
    if (status != 0)
        target_finish(target);
    return status;
}

void target_finish(struct target *target)
{
    int saved = errno;
    descriptor_close(target->directory);
    free(target->path);
    errno = saved;
}

/* ---- Looking -------------------------------------------------------------------------
 */

int target_look(struct target *target)
{
    int status = RETRY(
        fstatat(target->directory, target->name, &target->status, AT_SYMLINK_NOFOLLOW));
    target->exists = status == 0;
    return target->exists || errno == ENOENT ? 0 : -1;
}

static bool is_same_directory(int one, int other)
{
    struct stat status;
    struct stat other_status;
    return RETRY(fstat(one, &status)) == 0 && RETRY(fstat(other, &other_status)) == 0 &&
           descriptor_same_file(&status, &other_status);
}

bool target_is_elsewhere(const struct target *target, const char *path)
{
    struct target other = {.directory = -1};
    bool differs = set_path(&other, strdup(path), 0) == 0 &&
                   (strcmp(target->name, other.name) != 0 ||
                       !is_same_directory(target->directory, other.directory));
    target_finish(&other);
    return differs;
}

/* For a directory that may not be read: all of its filesystem, through the file that has
 * just been put there. */
static int sync_around(const struct target *target)
{
    int flags = O_NOFOLLOW | O_NONBLOCK;
    int file = descriptor_open(target->directory, target->name, O_RDONLY | flags);
    if (file == -1)
        file = descriptor_open(target->directory, target->name, O_WRONLY | flags);
    if (file == -1)
        return -1;
    int status = RETRY(syncfs(file));
    descriptor_close(file);
    return status;
}

int target_sync(const struct target *target)
{
    int status = RETRY(fsync(target->directory));
    if (status == -1 && errno == EBADF) /* O_PATH */
        return sync_around(target);
    /* The filesystem has nothing to sync in a directory. */
    return status == -1 && errno == EINVAL ? 0 : status;
}
