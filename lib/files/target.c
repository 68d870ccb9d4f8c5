#include <config.h>

#include "files/target.h"

#include "base/call.h"
#include "base/process.h"
#include "filelike.h"
#include "files/descriptor.h"
#include "files/path.h"
#include "files/protection.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* As many as Linux follows. */
enum { MOST_LINKS = 40 };

/* ---- A directory and a name in it ----------------------------------------------------
 */

/* How many bytes of PATH are not slashes at its end. */
static size_t length_without_slashes(const char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    return length;
}

/* Where the last name begins in the first LENGTH bytes of PATH. */
static size_t start_of_name(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length;
}

/* The directory that the first LENGTH bytes of PATH name, from START on. They end in a
 * slash, and get a dot: the kernel follows a link in the middle of a path that it may
 * refuse to follow at the end. */
static int open_directory(int start, const char *path, size_t length)
{
    char *directory;
    if (asprintf(&directory, "%.*s.", (int) length, path) == -1)
        return -1;
    int descriptor = descriptor_open(start, directory, O_RDONLY | O_DIRECTORY);
    /* The right to list it is not needed. */
    if (descriptor == -1 && errno == EACCES)
        descriptor = descriptor_open(start, directory, O_PATH | O_DIRECTORY);
    call_free(directory);
    return descriptor;
}

/* The errors are those of open with O_CREAT, and with O_EXCL for FILELIKE_NOREPLACE. */
static int check_name(const char *name, bool has_slash, unsigned flags)
{
    bool is_directory =
        name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (is_directory)
        return call_fail(flags & FILELIKE_NOREPLACE ? EEXIST : EISDIR);
    return has_slash ? call_fail(EISDIR) : 0;
}

/* Goes where PATH leads, which is taken from the target's directory on where it is
 * relative. */
static int go_to(struct target *target, const char *path, unsigned flags)
{
    if (path[0] == '\0' || strlen(path) >= PATH_MAX)
        return call_fail(path[0] == '\0' ? ENOENT : ENAMETOOLONG);
    size_t end = length_without_slashes(path);
    size_t start = start_of_name(path, end);
    char *name = strndup(path + start, end - start);
    if (name == NULL)
        return -1;
    int directory = open_directory(target->directory, path, start);
    if (directory == -1) {
        call_free(name);
        return -1;
    }
    target_finish(target);
    target->directory = directory;
    target->name = name;
    return check_name(name, path[end] == '/', flags);
}

void target_finish(struct target *target)
{
    descriptor_close(target->file);
    if (target->directory != AT_FDCWD)
        descriptor_close(target->directory);
    call_free(target->name);
    *target = (struct target){.directory = -1, .file = -1, .maker = target->maker};
}

/* ---- What is there -------------------------------------------------------------------
 */

/* Whatever it is: a link, too. */
static int look_at_name(struct target *target)
{
    descriptor_close(target->file);
    target->file = descriptor_open(target->directory, target->name, O_PATH | O_NOFOLLOW);
    if (target->file == -1)
        return errno == ENOENT ? 0 : -1;
    return RETRY(fstat(target->file, &target->status));
}

void target_close_file(struct target *target)
{
    descriptor_close(target->file);
    target->file = -1;
}

bool target_exists(const struct target *target)
{
    return target->file != -1;
}

bool target_is_file(const struct target *target, const struct stat *status)
{
    return target_exists(target) && descriptor_same_file(&target->status, status);
}

int target_refresh(struct target *target)
{
    if (look_at_name(target) != 0)
        return -1;
    if (target_exists(target) && !S_ISREG(target->status.st_mode))
        target_close_file(target);
    return target_exists(target)
               ? protection_check_writing(target->directory, &target->status)
               : 0;
}

/* What is no regular file cannot be replaced by one. */
static int check_kind(const struct stat *status)
{
    if (S_ISREG(status->st_mode))
        return 0;
    return call_fail(S_ISDIR(status->st_mode) ? EISDIR : EINVAL);
}

/* ---- Links ---------------------------------------------------------------------------
 */

/* The links on the way, of which one in /proc stands for a file of its own. */
struct way {
    struct target *target;
    int links;
    bool has_end;
    struct stat end;
};

/* A link of /proc leads to a file, and not to where its text leads: that may say
 * "(deleted)", belong to another mount namespace or lie below a later mount. */
static int find_end(struct way *way)
{
    int end = descriptor_open(way->target->directory, way->target->name, O_PATH);
    if (end == -1)
        return -1;
    int status = RETRY(fstat(end, &way->end));
    descriptor_close(end);
    way->has_end = status == 0;
    return status != 0 ? -1 : check_kind(&way->end);
}

/* Where the kernel would follow it. */
static int check_link(struct way *way)
{
    enum { PROC_TYPE = 0x9fa0, NO_LINKS = 0x2000 }; /* statfs(2), ST_NOSYMFOLLOW */
    const struct target *target = way->target;
    struct statfs filesystem;
    if (++way->links > MOST_LINKS)
        return call_fail(ELOOP);
    if (protection_check_link(target->directory, &target->status) != 0 ||
        RETRY(fstatfs(target->file, &filesystem)) != 0)
        return -1;
    if ((filesystem.f_flags & NO_LINKS) != 0)
        return call_fail(ELOOP);
    if (filesystem.f_type == PROC_TYPE && !way->has_end)
        return find_end(way);
    return 0;
}

/* The link is held open, so what is read is what was checked. */
static int follow(struct way *way)
{
    char text[PATH_MAX];
    if (check_link(way) != 0)
        return -1;
    ssize_t length = RETRY(readlinkat(way->target->file, "", text, sizeof text));
    if (length == -1)
        return -1;
    if ((size_t) length == sizeof text)
        return call_fail(ENAMETOOLONG);
    text[length] = '\0';
    return go_to(way->target, text, 0);
}

static int follow_all(struct way *way)
{
    struct target *target = way->target;
    for (;;) {
        if (look_at_name(target) != 0)
            return -1;
        if (!target_exists(target) || !S_ISLNK(target->status.st_mode))
            return 0;
        if (follow(way) != 0)
            return -1;
    }
}

/* ---- Whether it may be replaced ------------------------------------------------------
 */

#ifdef HAVE_STATX
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000 /* the kernel's, since 5.8 */
#endif
#ifndef STATX_ATTR_VERITY
#define STATX_ATTR_VERITY 0x100000 /* since 5.5 */
#endif

/* 0, and in *ATTRIBUTES what statx tells of the file, nothing where it is not to be had:
 * then the replacement itself will tell. Or -1 with errno. */
static int ask_attributes(int descriptor, uint64_t *attributes)
{
    struct statx status = {0};
    int result = RETRY(statx(descriptor, "", AT_EMPTY_PATH, 0, &status));
    *attributes = status.stx_attributes;
    bool is_unknown = errno == ENOSYS || errno == EPERM || errno == EINVAL;
    return result == 0 || is_unknown ? 0 : -1;
}
#else
enum {
    STATX_ATTR_APPEND = 1,
    STATX_ATTR_IMMUTABLE = 2,
    STATX_ATTR_MOUNT_ROOT = 4,
    STATX_ATTR_VERITY = 8
};

static int ask_attributes(int descriptor, uint64_t *attributes)
{
    (void) descriptor;
    *attributes = 0;
    return 0;
}
#endif

/* In a directory that is removed no file can be made, but one without a name can. */
static int look_at_directory(struct target *target)
{
    struct stat status;
    uint64_t attributes;
    if (RETRY(fstat(target->directory, &status)) != 0 ||
        ask_attributes(target->directory, &attributes) != 0)
        return -1;
    if (status.st_nlink == 0)
        return call_fail(ENOENT);
    target->is_append_only = (attributes & STATX_ATTR_APPEND) != 0;
    return 0;
}

static int check_attributes(const struct target *target)
{
    uint64_t attributes;
    uint64_t fixed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_VERITY;
    if (ask_attributes(target->file, &attributes) != 0)
        return -1;
    if ((attributes & fixed) != 0 || target->is_append_only)
        return call_fail(EPERM);
    return (attributes & STATX_ATTR_MOUNT_ROOT) != 0 ? call_fail(EBUSY) : 0;
}

/* Others would see that the file is opened (inotify(7)), so it is only tried where the
 * kernel does not tell otherwise. A program that is being run can be replaced. */
static int try_to_write(const struct target *target)
{
    int file = descriptor_open(
        target->directory, target->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    descriptor_close(file);
    return file != -1 || errno == ETXTBSY ? 0 : -1;
}

/* Sandboxes that do not know faccessat2 may answer EPERM, for glibc's faccessat without
 * flags too. The system call of that name is an old one: its EPERM is that of the file,
 * but it asks for the real user. */
static int check_access(const struct target *target)
{
    int status = RETRY(faccessat(target->directory, target->name, W_OK, AT_EACCESS));
    if (status == 0 || (errno != EPERM && errno != ENOSYS))
        return status;
    status = (int) RETRY(syscall(SYS_faccessat, target->directory, target->name, W_OK));
    if ((status != 0 && errno == EPERM) ||
        (getuid() == geteuid() && getgid() == getegid()))
        return status;
    return try_to_write(target);
}

static int check_replaceable(const struct target *target)
{
    if (check_kind(&target->status) != 0 ||
        protection_check_writing(target->directory, &target->status) != 0 ||
        check_access(target) != 0 || check_attributes(target) != 0)
        return -1;
    return protection_check_replacing(target->directory, &target->status);
}

/* ---- Resolving -----------------------------------------------------------------------
 */

static int find_file(struct target *target)
{
    struct way way = {.target = target};
    if (follow_all(&way) != 0)
        return -1;
    if (way.has_end && !target_is_file(target, &way.end))
        return call_fail(ENOENT);
    if (look_at_directory(target) != 0)
        return -1;
    return target_exists(target) ? check_replaceable(target) : 0;
}

static int find_nothing(struct target *target)
{
    if (look_at_name(target) != 0)
        return -1;
    return target_exists(target) ? call_fail(EEXIST) : look_at_directory(target);
}

int target_init(struct target *target, const char *path, unsigned flags)
{
    *target =
        (struct target){.directory = AT_FDCWD, .file = -1, .maker = process_number()};
    int status = process_check_end();
    if (status == 0)
        status = go_to(target, path, flags);
    if (status == 0)
        status = flags & FILELIKE_NOREPLACE ? find_nothing(target) : find_file(target);
    if (status != 0)
        target_finish(target);
    return status;
}

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

/* ---- The file there ------------------------------------------------------------------
 */

int target_open(const struct target *target)
{
    struct stat status;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int file = descriptor_open(target->directory, target->name, flags);
    if (file == -1)
        return -1;
    if (RETRY(fstat(file, &status)) == 0 && check_kind(&status) == 0 &&
        protection_check_writing(target->directory, &status) == 0)
        return file;
    descriptor_close(file);
    return -1;
}

/* For where there is no /proc, by which a descriptor with O_PATH leads to attributes. */
static int open_for_attributes(const struct target *target)
{
    int file = target_open(target);
    if (file != -1 || errno != EACCES)
        return file;
    return descriptor_open(
        target->directory, target->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
}

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

/* ---- Paths ---------------------------------------------------------------------------
 */

static bool is_same_directory(int one, int other)
{
    struct stat status;
    struct stat other_status;
    return RETRY(fstat(one, &status)) == 0 && RETRY(fstat(other, &other_status)) == 0 &&
           descriptor_same_file(&status, &other_status);
}

bool target_is_other_name(const struct target *target, int directory, const char *name)
{
    size_t length = start_of_name(name, strlen(name));
    if (strcmp(name + length, target->name) != 0)
        return true;
    int other = open_directory(directory, name, length);
    bool differs = other != -1 && !is_same_directory(target->directory, other);
    descriptor_close(other);
    return differs;
}

/* PATH, a block of malloc's or NULL, where it leads to the file; else NULL. */
static char *path_that_leads(char *path, const struct stat *file)
{
    struct stat status;
    if (path != NULL && path[0] == '/' && RETRY(stat(path, &status)) == 0 &&
        descriptor_same_file(&status, file))
        return path;
    free(path);
    return NULL;
}

/* As the kernel writes it. */
static char *path_of_kernel(const struct target *target)
{
    char link[PROC_PATH_SIZE];
    char directory[PATH_MAX];
    descriptor_proc_self_path(target->directory, link);
    ssize_t length = RETRY(readlink(link, directory, sizeof directory - 1));
    if (length == -1)
        return NULL;
    directory[length] = '\0';
    return path_join(directory, "/", target->name);
}

char *target_path(
    const struct target *target, const char *path, const struct stat *status)
{
    char *found = path_that_leads(strdup(path), status);
    if (found == NULL)
        found = path_that_leads(path_of_kernel(target), status);
    if (found == NULL)
        found = path_that_leads(path_absolute(path), status);
    return found;
}

/* ---- Mounts --------------------------------------------------------------------------
 */

#if defined HAVE_STATX && defined STATX_MNT_ID
/* Since Linux 5.8. */
static bool ask_mount(int descriptor, uint64_t *mount)
{
    struct statx status;
    if (RETRY(statx(descriptor, "", AT_EMPTY_PATH, STATX_MNT_ID, &status)) != 0)
        return false;
    *mount = status.stx_mnt_id;
    return (status.stx_mask & STATX_MNT_ID) != 0;
}
#else
static bool ask_mount(int descriptor, uint64_t *mount)
{
    (void) descriptor, (void) mount;
    return false;
}
#endif

bool target_is_in_other_mount(const struct target *target, int descriptor)
{
    uint64_t own;
    uint64_t other;
    return ask_mount(target->directory, &own) && ask_mount(descriptor, &other) &&
           own != other;
}

/* ---- Durability ----------------------------------------------------------------------
 */

int target_sync(const struct target *target, int file)
{
    int status = RETRY(fsync(target->directory));
    if (status == -1 && errno == EBADF) /* O_PATH */
        status = RETRY(syncfs(file));
    /* The filesystem has nothing to sync in a directory. */
    return status == -1 && (errno == EINVAL || errno == EOPNOTSUPP) ? 0 : status;
}
