#include <config.h>

#include "files/replacement.h"

#include "base/call.h"
#include "filelike.h"
#include "files/attributes.h"
#include "files/copy.h"
#include "files/descriptor.h"
#include "files/filesystem.h"
#include "files/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN_PREFIX ".filelike-"

enum {
    FRESH_MODE = 0666 /* what stdio asks for, before the umask */
};

/* ---- Names that must not be taken ----------------------------------------------------
 */

static int rename_without_flags(
    int directory, const char *name, const struct target *target)
{
    return RETRY(renameat(directory, name, target->directory, target->name));
}

/* The kernel may have renameat2 where the C library does not. Without flags glibc's asks
 * for renameat instead. */
static int rename_with(
    int directory, const char *name, int to_directory, const char *to, unsigned flags)
{
    return (int) RETRY(syscall(SYS_renameat2, directory, name, to_directory, to, flags));
}

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1u
#endif

/* Whether ERROR, of a renameat2 of NAME, says that there is no such call, or none with
 * RENAME_NOREPLACE. Sandboxes that do not know it may answer EPERM; to rename a file to
 * itself without flags does nothing, and tells. */
static bool lacks_rename(int error, int directory, const char *name)
{
    if (error == EPERM)
        return rename_with(directory, name, directory, name, 0) != 0 && errno == EPERM;
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

/* What a filesystem without hard links answers, or one where this file can have none. */
static bool lacks_links(int error)
{
    return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

/* 0, or -1 with errno: ENOTSUP where the filesystem has no way to that. */
static int rename_to_new(
    int directory, const char *name, int to_directory, const char *to)
{
    if (rename_with(directory, name, to_directory, to, RENAME_NOREPLACE) == 0)
        return 0;
    int error = errno;
    if (lacks_rename(error, directory, name)) {
        if (RETRY(linkat(directory, name, to_directory, to, 0)) == 0) {
            (void) RETRY(unlinkat(directory, name, 0));
            return 0;
        }
        error = lacks_links(errno) ? ENOTSUP : errno;
    }
    errno = error;
    return -1;
}

static int rename_to_target(
    int directory, const char *name, const struct target *target, unsigned flags)
{
    sigset_t signals;
    if (target_begin_publishing(target, &signals) != 0)
        return -1;
    int status = flags & FILELIKE_NOREPLACE
                     ? rename_to_new(directory, name, target->directory, target->name)
                     : rename_without_flags(directory, name, target);
    call_release_signals(&signals);
    return status;
}

static int link_to_target(int descriptor, const struct target *target)
{
    sigset_t signals;
    if (target_begin_publishing(target, &signals) != 0)
        return -1;
    int status = descriptor_link(descriptor, target->directory, target->name);
    call_release_signals(&signals);
    return status;
}

/* ---- Hidden names --------------------------------------------------------------------
 */

/* Gives a file a hidden name beside the target, which belongs to REMOVAL then. A
 * descriptor or 0, or -1. */
typedef int hidden_maker(
    const struct target *target, struct removal *removal, int argument);

static int create_hidden(const struct target *target, struct removal *removal, int mode)
{
    return unique_create(
        target->directory, HIDDEN_PREFIX, "", O_RDWR, (mode_t) mode, removal);
}

static int link_hidden(
    const struct target *target, struct removal *removal, int descriptor)
{
    return unique_link(target->directory, HIDDEN_PREFIX, "", descriptor, removal);
}

/* Makes a hidden name beside the target, and in *REMOVAL what will remove it. */
static int make_hidden(const struct target *target, struct removal **removal,
    hidden_maker *make, int argument)
{
    *removal = NULL;
    if (target->is_append_only)
        return call_fail(EPERM);
    *removal = removal_reserve();
    if (*removal == NULL)
        return -1;
    int result = make(target, *removal, argument);
    if (result == -1) {
        removal_release(*removal);
        *removal = NULL;
    }
    return result;
}

/* Renames the hidden name of REMOVAL, which is gone then either way: where both names are
 * links to the same file already, rename does nothing (POSIX) and the release removes it.
 */
static int rename_hidden(
    struct removal *removal, const struct target *target, unsigned flags)
{
    int status =
        rename_to_target(target->directory, removal_name(removal), target, flags);
    removal_release(removal);
    return status;
}

/* Lets TRIAL remove what has, or will have, a name of its own: that of a hidden file, and
 * one letter more. */
static int set_trial(
    struct removal *trial, const struct target *target, const char *name, int descriptor)
{
    struct stat status;
    sigset_t signals;
    char *other;
    if (RETRY(fstat(descriptor, &status)) != 0 || asprintf(&other, "%s-", name) == -1)
        return -1;
    if (removal_begin_creation(trial, &signals) != 0) {
        call_free(other);
        return -1;
    }
    removal_set(trial, target->directory, other, &status);
    removal_arm(trial);
    removal_end_creation(trial, &signals);
    return 0;
}

static int rename_and_back(int directory, const char *name, const char *other)
{
    return rename_to_new(directory, name, directory, other) == 0
               ? RETRY(renameat(directory, other, directory, name))
               : -1;
}

/* filelike_cleanup waits meanwhile. */
static int try_new_name(
    const struct target *target, struct removal *removal, const char *other)
{
    sigset_t signals;
    if (removal_begin_creation(removal, &signals) != 0) {
        removal_arm(removal);
        return -1;
    }
    int status = rename_and_back(target->directory, removal_name(removal), other);
    removal_arm(removal);
    removal_end_creation(removal, &signals);
    return status;
}

/* Whether the hidden file of REMOVAL can get its name later without replacing another: it
 * is tried with yet another hidden name, from which it comes back. */
static int check_new_name(
    const struct target *target, struct removal *removal, int descriptor)
{
    struct removal *trial = removal_reserve();
    if (trial == NULL)
        return -1;
    int status = set_trial(trial, target, removal_name(removal), descriptor);
    if (status == 0)
        status = try_new_name(target, removal, removal_name(trial));
    removal_release(trial);
    return status;
}

/* ---- Making a file aside -------------------------------------------------------------
 */

static int create_aside(struct replacement *aside, mode_t mode)
{
    struct target *target = aside->target;
    int descriptor = descriptor_create_nameless(target->directory, ".", O_RDWR, mode);
    if (descriptor == -1 && descriptor_nameless_unsupported(errno))
        descriptor = make_hidden(target, &aside->removal, create_hidden, (int) mode);
    return descriptor;
}

static int init_with_mode(struct replacement *aside, struct target *target, mode_t mode)
{
    *aside = (struct replacement){.target = target, .is_fresh = mode == FRESH_MODE};
    aside->descriptor = create_aside(aside, mode);
    return aside->descriptor == -1 ? -1 : 0;
}

int replacement_init(
    struct replacement *aside, struct target *target, unsigned flags, mode_t permissions)
{
    bool fresh = permissions == 0 && !target_exists(target);
    if (init_with_mode(aside, target, fresh ? FRESH_MODE : PRIVATE_MODE) != 0)
        return -1;
    aside->flags = flags;
    aside->permissions = permissions;
    if ((flags & FILELIKE_NOREPLACE) == 0 || aside->removal == NULL ||
        check_new_name(target, aside->removal, aside->descriptor) == 0)
        return 0;
    replacement_finish(aside);
    return -1;
}

void replacement_finish(struct replacement *aside)
{
    if (aside->removal != NULL)
        removal_release(aside->removal);
    aside->removal = NULL;
    descriptor_close(aside->descriptor);
    aside->descriptor = -1;
}

/* ---- What the file is to be like -----------------------------------------------------
 */

/* What fopen would make here. It is tried, because the umask cannot be asked for without
 * changing it, and because a directory may have defaults of its own. */
static int read_fresh(struct target *target, struct attributes *attributes)
{
    struct replacement probe;
    if (init_with_mode(&probe, target, FRESH_MODE) != 0)
        return -1;
    int status = attributes_read(attributes, probe.descriptor);
    replacement_finish(&probe);
    return status;
}

/* OWN: a descriptor of a file that was made in the target's directory, or -1. */
static int find_wanted(
    struct attributes *wanted, struct target *target, mode_t permissions, int own)
{
    int status;
    if (target_exists(target))
        status = target_attributes(target, wanted);
    else if (permissions != 0 && own != -1)
        status = attributes_read(wanted, own);
    else
        status = read_fresh(target, wanted);
    if (status == 0 && permissions != 0)
        attributes_set_mode(wanted, permissions);
    return status;
}

/* The kernel asks the filesystem at each close of a descriptor, and some tell only then
 * of what they have lost. To have no descriptor for that loses nothing. */
int replacement_sync(int descriptor, unsigned flags, bool *is_lost)
{
    int another = descriptor_duplicate(descriptor);
    *is_lost = false;
    if (another == -1)
        return -1;
    if ((flags & FILELIKE_NOSYNC) == 0 && RETRY(fsync(descriptor)) != 0) {
        descriptor_close(another);
        *is_lost = true;
        return -1;
    }
    *is_lost = descriptor_close_checked(another) != 0;
    return *is_lost ? -1 : 0;
}

static int sync_aside(const struct replacement *aside)
{
    bool ignored;
    return replacement_sync(aside->descriptor, aside->flags, &ignored);
}

/* ---- Putting a nameless file in place ------------------------------------------------
 */

/* linkat never replaces: where there is something, the link gets a hidden name first. */
static int put_nameless(int descriptor, const struct target *target, unsigned flags)
{
    struct removal *removal;
    if ((flags & FILELIKE_NOREPLACE) || !target_exists(target)) {
        if (link_to_target(descriptor, target) == 0)
            return 0;
        if (errno != EEXIST || (flags & FILELIKE_NOREPLACE))
            return -1;
    }
    if (make_hidden(target, &removal, link_hidden, descriptor) == -1)
        return -1;
    return rename_hidden(removal, target, flags);
}

/* Whether ERROR, of put_nameless, means that the file can have no name there: it is on
 * another filesystem, this one has no links, the file was made so that it has none
 * (ENOENT for O_TMPFILE with O_EXCL, and for what is unlinked), or there is no /proc. */
static bool cannot_be_linked(int error)
{
    return error == EXDEV || error == ENOENT || lacks_links(error);
}

/* ---- Putting what lies aside in place ------------------------------------------------
 */

/* Remembers a mode that the filesystem gives new files only, if any. */
static int give_wanted(struct replacement *aside)
{
    struct attributes wanted;
    if (find_wanted(&wanted, aside->target, aside->permissions, aside->descriptor) != 0)
        return -1;
    int status = attributes_apply(&wanted, aside->descriptor);
    if (status != 0 && attributes_is_refusal(errno) && !wanted.rights.has_acl)
        aside->refused_mode = rights_to_mode(&wanted.rights);
    attributes_finish(&wanted);
    return status;
}

/* A file that was made with the right mode keeps it. */
static int make_ready(struct replacement *aside)
{
    if (target_refresh(aside->target) != 0)
        return -1;
    bool is_right = aside->is_fresh && !target_exists(aside->target);
    if (!is_right && give_wanted(aside) != 0)
        return -1;
    return sync_aside(aside);
}

static int put_ready(struct replacement *aside)
{
    struct removal *removal = aside->removal;
    if (removal == NULL)
        return put_nameless(aside->descriptor, aside->target, aside->flags);
    aside->removal = NULL;
    return rename_hidden(removal, aside->target, aside->flags);
}

/* Goes on with a copy that has a hidden name and was made with MODE. */
static int copy_to_hidden(struct replacement *aside, mode_t mode)
{
    struct removal *removal;
    int copy = make_hidden(aside->target, &removal, create_hidden, (int) mode);
    if (copy == -1)
        return -1;
    if (copy_file(aside->descriptor, copy) != 0) {
        removal_release(removal);
        descriptor_close(copy);
        return -1;
    }
    replacement_finish(aside);
    aside->descriptor = copy;
    aside->removal = removal;
    return 0;
}

/* For a ready file that cannot be linked: its copy becomes like it. */
static int put_copy(struct replacement *aside)
{
    struct attributes own;
    if (attributes_read(&own, aside->descriptor) != 0)
        return -1;
    own.is_chosen = true;
    int status = copy_to_hidden(aside, PRIVATE_MODE);
    if (status == 0)
        status = attributes_apply(&own, aside->descriptor);
    attributes_finish(&own);
    if (status != 0 || sync_aside(aside) != 0)
        return -1;
    return put_ready(aside);
}

/* For a filesystem on which a file has the mode that it was made with. */
static int make_anew(struct replacement *aside)
{
    mode_t mode = aside->refused_mode;
    aside->refused_mode = 0;
    if (sync_aside(aside) != 0 || copy_to_hidden(aside, mode) != 0)
        return -1;
    aside->is_fresh = false;
    return make_ready(aside);
}

int replacement_publish(struct replacement *aside)
{
    if (make_ready(aside) != 0 && (aside->refused_mode == 0 || make_anew(aside) != 0))
        return -1;
    bool had_name = aside->removal != NULL;
    if (put_ready(aside) == 0)
        return 0;
    return !had_name && cannot_be_linked(errno) ? put_copy(aside) : -1;
}

/* ---- Putting another file in place ---------------------------------------------------
 */

static int sync_donation(struct donation *donation)
{
    return replacement_sync(donation->descriptor, donation->flags, &donation->is_lost);
}

/* What cannot be linked says so before it is synced. */
static int link_and_rename(struct donation *donation)
{
    struct removal *removal;
    const struct target *target = donation->target;
    if (make_hidden(target, &removal, link_hidden, donation->descriptor) == -1)
        return -1;
    if (sync_donation(donation) == 0)
        return rename_hidden(removal, target, donation->flags);
    removal_release(removal);
    return -1;
}

static int put_nameless_donation(struct donation *donation)
{
    const struct target *target = donation->target;
    int status;
    if ((donation->flags & FILELIKE_NOREPLACE) == 0 && !target->is_append_only)
        status = link_and_rename(donation);
    else
        status = sync_donation(donation) == 0
                     ? put_nameless(donation->descriptor, target, donation->flags)
                     : -1;
    if (status != 0 && !donation->is_lost && cannot_be_linked(errno))
        errno = EXDEV;
    return status;
}

static int put_donation(struct donation *donation)
{
    if (donation->name == NULL)
        return put_nameless_donation(donation);
    return sync_donation(donation) == 0
               ? rename_to_target(donation->directory, donation->name, donation->target,
                     donation->flags)
               : -1;
}

static int give_and_put(struct donation *donation, const struct attributes *wanted)
{
    return attributes_apply(wanted, donation->descriptor) == 0 ? put_donation(donation)
                                                               : -1;
}

static int prepare_and_put(struct donation *donation, const struct attributes *before)
{
    struct attributes wanted;
    if (find_wanted(&wanted, donation->target, donation->permissions, -1) != 0)
        return -1;
    int status = give_and_put(donation, &wanted);
    if (status != 0 && errno != ECHILD)
        attributes_revert(&wanted, before, donation->descriptor);
    attributes_finish(&wanted);
    return status;
}

int replacement_donate(struct donation *donation)
{
    struct attributes before;
    /* The link or the rename would say so, too, but only after the file is synced. */
    if (filesystem_is_other_mount(donation->target->directory, donation->descriptor))
        return call_fail(EXDEV);
    if (target_refresh(donation->target) != 0 ||
        attributes_read(&before, donation->descriptor) != 0)
        return -1;
    before.is_chosen = true;
    int status = prepare_and_put(donation, &before);
    attributes_finish(&before);
    return status;
}
