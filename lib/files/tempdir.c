#include <config.h>

#include "files/tempdir.h"

#include "base/call.h"
#include "base/options.h"
#include "files/attributes.h"
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

/* ---- Choosing the directory ------------------------------------------------------ */

/* Whether ERROR would come in any directory: the process or the system is at its limits.
 */
static bool is_independent_of_directory(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static int set_directory(struct tempdir *tempdir, const char *path)
{
    tempdir->path = strdup(path);
    return tempdir->path == NULL ? -1 : 0;
}

static int choose_option(struct tempdir *tempdir, const char *path)
{
    tempdir->kind = TEMPDIR_OPTION;
    if (path[0] != '\0')
        return set_directory(tempdir, path);
    return call_fail(ENOENT);
}

/* TMPDIR is copied now, because another thread may change the environment later. */
static int remember_environment(struct tempdir *tempdir)
{
    const char *path = secure_getenv("TMPDIR");
    return path != NULL && path[0] != '\0' ? set_directory(tempdir, path) : 0;
}

int tempdir_init(struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir = (struct tempdir){.permissions = options->permissions};
    return options->dir != NULL ? choose_option(tempdir, options->dir)
                                : remember_environment(tempdir);
}

/* If the working directory cannot be held, a relative TMPDIR is ignored: no relative path
 * can be followed then. */
static int hold_base(struct tempdir *tempdir)
{
    if (tempdir->path == NULL || tempdir->path[0] == '/')
        return 0;
    struct call call = call_begin();
    tempdir->base = call_end_pointer(&call, directory_hold("."));
    if (tempdir->base != NULL)
        return 0;
    call_free(tempdir->path);
    tempdir->path = NULL;
    return tempdir->kind == TEMPDIR_OPTION || is_independent_of_directory(errno) ? -1 : 0;
}

/* Holds the working directory rather than the one that is named, which may be created, or
 * exchanged for another, before it is needed. */
int tempdir_init_for_later(
    struct tempdir *tempdir, const struct filelike_options *options)
{
    return tempdir_init(tempdir, options) == 0 ? hold_base(tempdir) : -1;
}

void tempdir_init_memory_file(
    struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir = (struct tempdir){
        .kind = TEMPDIR_MEMORY_FILE, .permissions = options->permissions};
}

void tempdir_finish(struct tempdir *tempdir)
{
    call_free(tempdir->path);
    directory_release(tempdir->base);
    tempdir->path = NULL;
    tempdir->base = NULL;
}

/* ---- Trying one directory after the other ---------------------------------------- */

struct place {
    int base;
    const char *path; /* absolute, or relative to BASE */
};

enum { MOST_PLACES = 3 };

/* Sets PLACES to the directories to try. Their number. */
static size_t list_places(const struct tempdir *tempdir, struct place places[MOST_PLACES])
{
    size_t count = 0;
    int base = tempdir->base != NULL ? directory_descriptor(tempdir->base) : AT_FDCWD;
    if (tempdir->path != NULL)
        places[count++] = (struct place){base, tempdir->path};
    if (tempdir->kind == TEMPDIR_OPTION)
        return count;
    places[count++] = (struct place){AT_FDCWD, P_tmpdir};
    places[count++] = (struct place){AT_FDCWD, "/var/tmp"};
    return count;
}

/* A file to be made. */
struct new_file {
    const struct tempdir *tempdir;
    const char *prefix;
    const char *suffix;
    int access;
    struct removal *removal;     /* of its name; or NULL */
    struct directory *directory; /* the name is relative to it; or NULL */
};

typedef int creator(const struct place *place, struct new_file *file);

/* Calls CREATE for each directory until it succeeds. A descriptor, or -1 with errno. */
static int create_somewhere(creator *create, struct new_file *file)
{
    struct place places[MOST_PLACES];
    size_t count = list_places(file->tempdir, places);
    int descriptor = -1;
    for (size_t i = 0; i < count && descriptor == -1; i++) {
        if (i > 0 && is_independent_of_directory(errno))
            break;
        descriptor = create(&places[i], file);
    }
    return descriptor;
}

/* ---- Permissions ----------------------------------------------------------------- */

/* The umask may have removed bits. A filesystem without permissions may refuse to set
 * them. The directory's default ACL adds nothing, because the group's bits of
 * PRIVATE_MODE limit it. */
static int set_default_permissions(int descriptor)
{
    return attributes_apply_bits(descriptor, PRIVATE_MODE) == 0 ||
                   attributes_is_refusal(errno)
               ? 0
               : -1;
}

/* Sets the permissions of the caller exactly, without an ACL: the directory's default ACL
 * could give others more than was asked for. */
static int set_permissions(int descriptor, const struct tempdir *tempdir)
{
    return tempdir->permissions != 0
               ? attributes_apply_mode(descriptor, tempdir->permissions)
               : set_default_permissions(descriptor);
}

/* Sets the permissions of the file, or closes it. DESCRIPTOR, or -1. */
static int set_or_close(int descriptor, const struct tempdir *tempdir)
{
    if (descriptor == -1 || set_permissions(descriptor, tempdir) == 0)
        return descriptor;
    descriptor_close(descriptor);
    return -1;
}

/* ---- Files with a name ----------------------------------------------------------- */

static int create_at(int directory, const char *prefix, struct new_file *file)
{
    struct unique_file unique = {
        .directory = directory,
        .prefix = prefix,
        .suffix = file->suffix,
        .linked = -1,
        .access = file->access,
        .mode = PRIVATE_MODE,
    };
    return unique_create(&unique, &file->removal);
}

static int create_by_path(const struct place *place, struct new_file *file)
{
    char *prefix = path_join(place->path, file->prefix);
    if (prefix == NULL)
        return -1;
    int descriptor = create_at(place->base, prefix, file);
    call_free(prefix);
    return descriptor;
}

/* Whether PATH leads to the same directory later. A relative path depends on the working
 * directory, and paths in /proc and /dev/fd on open descriptors. */
static bool is_lasting(const char *path)
{
    return path[0] == '/' && strncmp(path, "/proc/", strlen("/proc/")) != 0 &&
           strncmp(path, "/dev/fd/", strlen("/dev/fd/")) != 0;
}

static int create_lasting(const struct place *place, struct new_file *file)
{
    if (is_lasting(place->path))
        return create_by_path(place, file);
    struct directory *directory = directory_hold(place->path);
    if (directory == NULL)
        return -1;
    int descriptor = create_at(directory_descriptor(directory), file->prefix, file);
    if (descriptor != -1)
        file->directory = directory;
    else
        directory_release(directory);
    return descriptor;
}

/* If the permissions cannot be set, the file is removed, and the next directory is tried.
 */
static int create_with_name(const struct place *place, struct new_file *file)
{
    int created = create_lasting(place, file);
    int descriptor = set_or_close(created, file->tempdir);
    if (created == -1 || descriptor != -1)
        return descriptor;
    removal_release(file->removal);
    directory_release(file->directory);
    file->removal = NULL;
    file->directory = NULL;
    return -1;
}

int tempdir_create_named(const struct tempdir *tempdir, const char *prefix,
    const char *suffix, struct removal **removal, struct directory **directory)
{
    struct new_file file = {
        .tempdir = tempdir,
        .prefix = prefix == NULL ? DEFAULT_PREFIX : prefix,
        .suffix = suffix == NULL ? "" : suffix,
        .access = O_RDWR,
    };
    int descriptor = create_somewhere(create_with_name, &file);
    *removal = file.removal;
    *directory = file.directory;
    return descriptor;
}

/* ---- Files without a name -------------------------------------------------------- */

/* For filesystems without O_TMPFILE. */
static int create_and_unlink(const struct place *place, struct new_file *file)
{
    int descriptor = create_by_path(place, file);
    if (descriptor == -1)
        return -1;
    if (removal_undo(file->removal) != 0) {
        descriptor_close(descriptor);
        descriptor = -1;
    }
    removal_release(file->removal);
    return descriptor;
}

/* Exchanges DESCRIPTOR for one that can only write, because a stream with mode "w" must
 * fail to read. Without /proc the descriptor stays. */
static int restrict_access(int descriptor, int access)
{
    if (descriptor == -1 || access == O_RDWR)
        return descriptor;
    int restricted;
    KEEPING_ERRNO(restricted = descriptor_open_again(descriptor, access));
    if (restricted == -1)
        return descriptor;
    descriptor_close(descriptor);
    return restricted;
}

static int create_without_name(const struct place *place, struct new_file *file)
{
    int descriptor =
        descriptor_create_nameless(place->base, place->path, file->access, PRIVATE_MODE);
    if (descriptor == -1 && descriptor_nameless_unsupported(errno))
        descriptor = create_and_unlink(place, file);
    return set_or_close(descriptor, file->tempdir);
}

static int create_in_kernel(const struct tempdir *tempdir, int access)
{
    mode_t permissions = tempdir->permissions != 0 ? tempdir->permissions : PRIVATE_MODE;
    return restrict_access(descriptor_create_in_memory(permissions), access);
}

int tempdir_create_nameless(const struct tempdir *tempdir, int access)
{
    struct new_file file = {
        .tempdir = tempdir, .prefix = DEFAULT_PREFIX, .suffix = "", .access = access};
    if (tempdir->kind == TEMPDIR_MEMORY_FILE)
        return create_in_kernel(tempdir, access);
    return create_somewhere(create_without_name, &file);
}
