#include <config.h>

#include "files/replacement.h"

#include "files/copy.h"
#include "files/descriptor.h"
#include "filelike.h"
#include "files/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    FRESH_MODE = 0666,   /* what stdio asks for, before the umask */
    PRIVATE_MODE = 0600, /* while the file lies aside */
    PERMISSION_BITS = 07777,
    IDENTITY_BITS = S_ISUID | S_ISGID,
    GROUP_SHIFT = 3 /* from the bits of all others */
};

/* ---- Hidden names --------------------------------------------------------------------
 */

#define HIDDEN_PREFIX ".filelike-"

/* MAKE gives a file a hidden name beside the target: what it returns, and in *REMOVAL
 * what removes that name. */
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

static int make_hidden(const struct target *target, struct removal **removal,
    hidden_maker *make, int argument)
{
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

/* ---- Making a file -------------------------------------------------------------------
 */

static int create(struct replacement *aside, mode_t mode)
{
    struct target *target = aside->target;
    int descriptor = descriptor_create_nameless(target->directory, ".", O_RDWR, mode);
    if (descriptor == -1 && descriptor_lacks_nameless(errno))
        descriptor = make_hidden(target, &aside->removal, create_hidden, (int) mode);
    return descriptor;
}

static int init_with_mode(struct replacement *aside, struct target *target, mode_t mode)
{
    *aside = (struct replacement){.target = target, .is_fresh = mode == FRESH_MODE};
    aside->descriptor = create(aside, mode);
    return aside->descriptor == -1 ? -1 : 0;
}

int replacement_init(struct replacement *aside, struct target *target, mode_t permissions)
{
    bool fresh = permissions == 0 && !target->exists;
    return init_with_mode(aside, target, fresh ? FRESH_MODE : PRIVATE_MODE);
}

void replacement_finish(struct replacement *aside)
{
    if (aside->removal != NULL)
        removal_release(aside->removal);
    aside->removal = NULL;
    descriptor_close(aside->descriptor);
    aside->descriptor = -1;
}

/* ---- Mode and owner ------------------------------------------------------------------
 */

/* What open makes of 0666 here. It is tried, because the umask cannot be asked for
 * without changing it, and because a directory may have a default of its own. */
static int set_fresh_mode(int descriptor, struct target *target)
{
    struct stat status;
    struct replacement probe;
    if (init_with_mode(&probe, target, FRESH_MODE) != 0)
        return -1;
    int result = RETRY(fstat(probe.descriptor, &status));
    replacement_finish(&probe);
    return result == 0 ? RETRY(fchmod(descriptor, status.st_mode & PERMISSION_BITS)) : -1;
}

/* The mode of OLD for a file with another owner. Bits that lend an identity are for the
 * old owner's alone, and what the old group might do is not for another's members: those
 * get what all others have. */
static mode_t mode_like(const struct stat *old, bool keeps_group)
{
    mode_t mode = old->st_mode & PERMISSION_BITS & ~(mode_t) IDENTITY_BITS;
    if (keeps_group)
        return mode;
    return (mode & ~(mode_t) S_IRWXG) | (mode & S_IRWXO) << GROUP_SHIFT;
}

/* Whether the file has the group then. */
static bool set_group(int descriptor, gid_t group)
{
    struct stat status;
    (void) RETRY(fchown(descriptor, (uid_t) -1, group));
    return RETRY(fstat(descriptor, &status)) == 0 && status.st_gid == group;
}

/* Who may not give files away keeps the group where possible. */
static int set_like(int descriptor, const struct stat *old)
{
    mode_t mode = old->st_mode & PERMISSION_BITS;
    if (RETRY(fchown(descriptor, old->st_uid, old->st_gid)) != 0)
        mode = mode_like(old, set_group(descriptor, old->st_gid));
    return RETRY(fchmod(descriptor, mode));
}

static int set_mode(int descriptor, struct target *target, mode_t permissions)
{
    if (permissions != 0)
        return RETRY(fchmod(descriptor, permissions));
    return target->exists ? set_like(descriptor, &target->status)
                          : set_fresh_mode(descriptor, target);
}

static int sync_file(int descriptor, unsigned flags)
{
    return flags & FILELIKE_NOSYNC ? descriptor_check_writes(descriptor)
                                   : RETRY(fsync(descriptor));
}

int replacement_prepare(
    int descriptor, struct target *target, unsigned flags, mode_t permissions)
{
    if (target_look(target) != 0 || set_mode(descriptor, target, permissions) != 0)
        return -1;
    return sync_file(descriptor, flags);
}

/* ---- Renaming ------------------------------------------------------------------------
 */

static int rename_at(int directory, const char *name, const struct target *target)
{
    return RETRY(renameat(directory, name, target->directory, target->name));
}

static int rename_to_new(int directory, const char *name, const struct target *target)
{
#ifdef HAVE_RENAMEAT2
    return RETRY(
        renameat2(directory, name, target->directory, target->name, RENAME_NOREPLACE));
#else
    enum { NOREPLACE = 1 }; /* the kernel's RENAME_NOREPLACE */
    return (int) RETRY(syscall(
        SYS_renameat2, directory, name, target->directory, target->name, NOREPLACE));
#endif
}

static int link_and_unlink(int directory, const char *name, const struct target *target)
{
    if (RETRY(linkat(directory, name, target->directory, target->name, 0)) != 0)
        return -1;
    (void) RETRY(unlinkat(directory, name, 0));
    return 0;
}

/* Where there is neither renameat2 nor a hard link: an empty file takes the name, which
 * fails if the name is taken, and is then replaced. Nobody's file is lost by that. */
static int claim_and_rename(int directory, const char *name, const struct target *target)
{
    sigset_t signals;
    struct removal *removal = removal_reserve();
    if (removal == NULL)
        return -1;
    if (removal_begin_creation(removal, &signals) != 0) {
        removal_release(removal);
        return -1;
    }
    int claim = descriptor_create(target->directory, target->name, O_RDWR, PRIVATE_MODE);
    int status = claim == -1 ? -1 : rename_at(directory, name, target);
    if (claim != -1 && status != 0) {
        int saved = errno;
        (void) RETRY(unlinkat(target->directory, target->name, 0));
        errno = saved;
    }
    removal_end_creation(removal, &signals);
    removal_release(removal);
    descriptor_close(claim);
    return status;
}

int replacement_rename(
    int directory, const char *name, const struct target *target, unsigned flags)
{
    if ((flags & FILELIKE_NOREPLACE) == 0)
        return rename_at(directory, name, target);
    if (rename_to_new(directory, name, target) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link_and_unlink(directory, name, target) == 0)
        return 0;
    if (errno == EEXIST || errno == EXDEV)
        return -1;
    return claim_and_rename(directory, name, target);
}

/* ---- Putting in place ----------------------------------------------------------------
 */

/* Renames the hidden name of REMOVAL, which is gone then either way: where both names are
 * links to the same file already, rename does nothing (POSIX) and the release removes it.
 */
static int rename_hidden(
    struct removal *removal, const struct target *target, unsigned flags)
{
    int status =
        replacement_rename(target->directory, removal_name(removal), target, flags);
    removal_release(removal);
    return status;
}

/* linkat never replaces: the link gets a hidden name first. */
int replacement_link(int descriptor, const struct target *target, unsigned flags)
{
    struct removal *removal;
    if (flags & FILELIKE_NOREPLACE)
        return descriptor_link(descriptor, target->directory, target->name);
    if (make_hidden(target, &removal, link_hidden, descriptor) == -1)
        return -1;
    return rename_hidden(removal, target, flags);
}

/* The mode that a new file has got from the umask of when it was opened, or PERMISSIONS.
 */
static mode_t mode_of_copy(const struct replacement *aside, mode_t permissions)
{
    struct stat status;
    bool keeps = aside->is_fresh && !aside->target->exists;
    return keeps && RETRY(fstat(aside->descriptor, &status)) == 0
               ? status.st_mode & PERMISSION_BITS
               : permissions;
}

/* For a file that cannot be linked: no /proc, no hard links. Its copy takes its place. */
static int copy_to_name(struct replacement *aside, unsigned flags, mode_t permissions)
{
    struct removal *removal;
    permissions = mode_of_copy(aside, permissions);
    int copy = make_hidden(aside->target, &removal, create_hidden, PRIVATE_MODE);
    if (copy == -1)
        return -1;
    if (copy_file(aside->descriptor, copy) != 0 ||
        replacement_prepare(copy, aside->target, flags, permissions) != 0) {
        removal_release(removal);
        descriptor_close(copy);
        return -1;
    }
    descriptor_close(aside->descriptor);
    aside->descriptor = copy;
    aside->removal = removal;
    return 0;
}

/* A file that was made with the right mode keeps it. */
static int prepare(struct replacement *aside, unsigned flags, mode_t permissions)
{
    if (target_look(aside->target) != 0)
        return -1;
    if (aside->is_fresh && !aside->target->exists)
        return sync_file(aside->descriptor, flags);
    return replacement_prepare(aside->descriptor, aside->target, flags, permissions);
}

int replacement_complete(struct replacement *aside, unsigned flags, mode_t permissions)
{
    if (prepare(aside, flags, permissions) != 0)
        return -1;
    if (aside->removal != NULL ||
        make_hidden(aside->target, &aside->removal, link_hidden, aside->descriptor) != -1)
        return 0;
    return copy_to_name(aside, flags, permissions);
}

int replacement_put(struct replacement *aside, unsigned flags)
{
    struct removal *removal = aside->removal;
    aside->removal = NULL;
    return rename_hidden(removal, aside->target, flags);
}
