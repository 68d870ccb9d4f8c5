#include <config.h>

#include "files/tempfile.h"

#include "base/call.h"
#include "files/attributes.h"
#include "files/descriptor.h"
#include "files/extended.h"
#include "files/path.h"
#include "files/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#define DEFAULT_PREFIX "filelike-"

struct tempfile {
    const struct tempdir *tempdir;
    const char *prefix;
    const char *suffix;
    int access;
    struct removal *removal;     /* of its name; or NULL */
    struct directory *directory; /* the name is relative to it; or NULL */
};

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

/* A name in an append-only directory (chattr +a) could not be removed again. */
static int refuse_append_only(const struct tempdir_place *place)
{
    uint64_t attributes;
    if (extended_attributes(place->base, place->path, &attributes) != 0)
        return -1;
    return (attributes & EXTENDED_APPEND) != 0 ? call_fail(EPERM) : 0;
}

static int create_at(int directory, const char *prefix, struct tempfile *file)
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

static int create_by_path(const struct tempdir_place *place, struct tempfile *file)
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

static int create_lasting(const struct tempdir_place *place, struct tempfile *file)
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
static int create_with_name(const struct tempdir_place *place, struct tempfile *file)
{
    int created = refuse_append_only(place) == 0 ? create_lasting(place, file) : -1;
    int descriptor = set_or_close(created, file->tempdir);
    if (created == -1 || descriptor != -1)
        return descriptor;
    removal_release(file->removal);
    directory_release(file->directory);
    file->removal = NULL;
    file->directory = NULL;
    return -1;
}

int tempfile_create_named(const struct tempdir *tempdir, const char *prefix,
    const char *suffix, struct removal **removal, struct directory **directory)
{
    struct tempfile file = {
        .tempdir = tempdir,
        .prefix = prefix == NULL ? DEFAULT_PREFIX : prefix,
        .suffix = suffix == NULL ? "" : suffix,
        .access = O_RDWR,
    };
    int descriptor = tempdir_create(tempdir, create_with_name, &file);
    *removal = file.removal;
    *directory = file.directory;
    return descriptor;
}

/* ---- Files without a name -------------------------------------------------------- */

/* For filesystems without O_TMPFILE. */
static int create_and_unlink(const struct tempdir_place *place, struct tempfile *file)
{
    int descriptor = refuse_append_only(place) == 0 ? create_by_path(place, file) : -1;
    if (descriptor == -1)
        return -1;
    if (removal_undo(file->removal) != 0) {
        descriptor_close(descriptor);
        descriptor = -1;
    }
    removal_release(file->removal);
    return descriptor;
}

static int create_without_name(const struct tempdir_place *place, struct tempfile *file)
{
    int descriptor =
        descriptor_create_nameless(place->base, place->path, file->access, PRIVATE_MODE);
    if (descriptor == -1 && descriptor_nameless_unsupported(errno))
        descriptor = create_and_unlink(place, file);
    return set_or_close(descriptor, file->tempdir);
}

/* A stream with mode "w" must fail to read. Without /proc its descriptor could. */
static int create_in_kernel(const struct tempdir *tempdir, int access)
{
    mode_t permissions = tempdir->permissions != 0 ? tempdir->permissions : PRIVATE_MODE;
    int descriptor = descriptor_create_in_memory(access, permissions);
    return descriptor != -1 ? descriptor
                            : descriptor_create_in_memory(O_RDWR, permissions);
}

int tempfile_create_nameless(const struct tempdir *tempdir, int access)
{
    struct tempfile file = {
        .tempdir = tempdir, .prefix = DEFAULT_PREFIX, .suffix = "", .access = access};
    if (tempdir->kind == TEMPDIR_MEMORY_FILE)
        return create_in_kernel(tempdir, access);
    return tempdir_create(tempdir, create_without_name, &file);
}
