#include <config.h>

#include "files/tempdir.h"

#include "files/descriptor.h"
#include "files/path.h"
#include "files/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PREFIX "filelike-"

enum { DEFAULT_PERMISSIONS = 0600 };

/* ---- Which directory -----------------------------------------------------------------
 */

static int choose(struct tempdir *tempdir, const char *directory)
{
    tempdir->kind = TEMPDIR_CHOSEN;
    tempdir->directory = path_absolute(directory);
    return tempdir->directory == NULL ? -1 : 0;
}

/* Read now, as another thread may change the environment later. */
static int remember_environment(struct tempdir *tempdir)
{
    const char *directory = secure_getenv("TMPDIR");
    if (directory == NULL || directory[0] == '\0')
        return 0;
    tempdir->directory = path_absolute(directory);
    /* A relative one that leads nowhere does not work; the next may. */
    return tempdir->directory == NULL && errno == ENOMEM ? -1 : 0;
}

int tempdir_init(struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir = (struct tempdir){.permissions = options->permissions};
    if (options->dir != NULL)
        return choose(tempdir, options->dir);
    return remember_environment(tempdir);
}

void tempdir_init_kernel(struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir =
        (struct tempdir){.kind = TEMPDIR_KERNEL, .permissions = options->permissions};
}

void tempdir_finish(struct tempdir *tempdir)
{
    free(tempdir->directory);
    tempdir->directory = NULL;
}

/* Another directory would not help, where the process or the system is at its limits. */
static bool is_hopeless(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* CREATE in the first directory where it works. */
static int create_somewhere(const struct tempdir *tempdir,
    int (*create)(const char *directory, void *context), void *context)
{
    const char *directories[] = {tempdir->directory, P_tmpdir, "/var/tmp"};
    size_t count = sizeof directories / sizeof *directories;
    if (tempdir->kind == TEMPDIR_CHOSEN)
        count = 1;
    int descriptor = -1;
    for (size_t i = 0; i < count && descriptor == -1; i++) {
        if (directories[i] == NULL)
            continue;
        descriptor = create(directories[i], context);
        if (descriptor == -1 && is_hopeless(errno))
            break;
    }
    return descriptor;
}

/* ---- Files with a name ---------------------------------------------------------------
 */

struct named_file {
    const struct tempdir *tempdir;
    const char *prefix;
    const char *suffix;
    struct removal *removal;
};

/* Gives a new file its permissions, of which the umask may have taken some. A filesystem
 * that knows none refuses, which counts where some were asked for. */
static int set_permissions(int descriptor, const struct tempdir *tempdir)
{
    enum { PERMISSION_BITS = 0777 };
    struct stat status;
    bool asked = tempdir->permissions != 0;
    mode_t wanted = asked ? tempdir->permissions : DEFAULT_PERMISSIONS;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    if ((status.st_mode & PERMISSION_BITS) == wanted)
        return 0;
    return RETRY(fchmod(descriptor, wanted)) == 0 || (errno == EPERM && !asked) ? 0 : -1;
}

/* DESCRIPTOR, where it is one and its file has got its permissions; else -1. */
static int set_or_close(int descriptor, const struct tempdir *tempdir)
{
    if (descriptor == -1 || set_permissions(descriptor, tempdir) == 0)
        return descriptor;
    descriptor_close(descriptor);
    return -1;
}

static int create_at(const char *directory, const struct named_file *file, int access)
{
    char *prefix = path_join(directory, "/", file->prefix);
    if (prefix == NULL)
        return -1;
    int descriptor = unique_create(
        AT_FDCWD, prefix, file->suffix, access, DEFAULT_PERMISSIONS, file->removal);
    call_free(prefix);
    return descriptor;
}

/* The name is gone again where the file does not get its permissions: the next directory
 * is tried, and the removal is still the caller's. */
static int create_named(const char *directory, void *context)
{
    const struct named_file *file = context;
    int created = create_at(directory, file, O_RDWR);
    int descriptor = set_or_close(created, file->tempdir);
    if (created != -1 && descriptor == -1)
        KEEPING_ERRNO((void) removal_undo(file->removal));
    return descriptor;
}

int tempdir_named(const struct tempdir *tempdir, const char *prefix, const char *suffix,
    struct removal *removal)
{
    struct named_file file = {
        tempdir,
        prefix == NULL ? DEFAULT_PREFIX : prefix,
        suffix == NULL ? "" : suffix,
        removal,
    };
    return create_somewhere(tempdir, create_named, &file);
}

/* ---- Files without a name ------------------------------------------------------------
 */

struct nameless_file {
    const struct tempdir *tempdir;
    int access;
};

/* Nobody else knows the name: it goes without a look at what has it now. */
static int create_and_unlink(const char *directory, const struct nameless_file *nameless)
{
    struct removal *removal = removal_reserve();
    if (removal == NULL)
        return -1;
    struct named_file file = {nameless->tempdir, DEFAULT_PREFIX, "", removal};
    int descriptor = create_at(directory, &file, nameless->access);
    if (descriptor != -1 && removal_undo(removal) != 0) {
        descriptor_close(descriptor);
        descriptor = -1;
    }
    removal_release(removal);
    return descriptor;
}

/* DESCRIPTOR, or in its place one that can only write, so that stdio's "w" streams refuse
 * to read as they should. Where there is no /proc, so be it. */
static int restrict_access(int descriptor, int access)
{
    if (descriptor == -1 || access == O_RDWR)
        return descriptor;
    int saved = errno;
    int restricted = descriptor_open_again(descriptor, access);
    errno = saved;
    if (restricted == -1)
        return descriptor;
    descriptor_close(descriptor);
    return restricted;
}

static int create_nameless(const char *directory, void *context)
{
    const struct nameless_file *file = context;
    int descriptor = descriptor_create_nameless(
        AT_FDCWD, directory, file->access, DEFAULT_PERMISSIONS);
    if (descriptor == -1 && descriptor_lacks_nameless(errno))
        descriptor = create_and_unlink(directory, file);
    return set_or_close(descriptor, file->tempdir);
}

static int create_in_kernel(const struct tempdir *tempdir, int access)
{
    mode_t permissions =
        tempdir->permissions != 0 ? tempdir->permissions : DEFAULT_PERMISSIONS;
    return restrict_access(descriptor_create_in_memory(permissions), access);
}

int tempdir_nameless(const struct tempdir *tempdir, int access)
{
    struct nameless_file file = {tempdir, access};
    if (tempdir->kind == TEMPDIR_KERNEL)
        return create_in_kernel(tempdir, access);
    return create_somewhere(tempdir, create_nameless, &file);
}
