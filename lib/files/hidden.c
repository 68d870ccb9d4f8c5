#include <config.h>

#include "files/hidden.h"

#include "base/call.h"
#include "filelike.h"
#include "files/publish.h"
#include "files/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HIDDEN_PREFIX ".filelike-"

/* ---- Making a hidden name -------------------------------------------------------- */

static int take_hidden_name(
    const struct target *target, int linked, mode_t mode, struct removal **removal)
{
    struct unique_file file = {
        .directory = target->directory,
        .prefix = HIDDEN_PREFIX,
        .suffix = "",
        .linked = linked,
        .access = O_RDWR,
        .mode = mode,
    };
    *removal = NULL;
    return target->is_append_only ? call_fail(EPERM) : unique_create(&file, removal);
}

int hidden_create(const struct target *target, mode_t mode, struct removal **removal)
{
    return take_hidden_name(target, -1, mode, removal);
}

int hidden_link(const struct target *target, int descriptor, struct removal **removal)
{
    return take_hidden_name(target, descriptor, 0, removal) != -1 ? 0 : -1;
}

/* ---- Renaming it to the target --------------------------------------------------- */

/* If both names are links to the same file already, rename does nothing (POSIX). Then the
 * release removes the hidden name. */
int hidden_rename(struct removal *removal, const struct target *target, unsigned flags)
{
    int status = publish_rename(target->directory, removal_name(removal), target, flags);
    removal_release(removal);
    return status;
}

/* linkat never replaces a file. So if there is one, the link gets a hidden name first. */
int hidden_put_nameless(int descriptor, const struct target *target, unsigned flags)
{
    struct removal *removal;
    if ((flags & FILELIKE_NOREPLACE) || !target_exists(target)) {
        if (publish_link(descriptor, target) == 0)
            return 0;
        if (errno != EEXIST || (flags & FILELIKE_NOREPLACE))
            return -1;
    }
    if (hidden_link(target, descriptor, &removal) == -1)
        return -1;
    return hidden_rename(removal, target, flags);
}

/* ---- Trying whether that will work ----------------------------------------------- */

/* Arms TRIAL for a second hidden name of the file: NAME and one letter more. The file
 * does not have it yet. */
static int arm_trial(
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
    removal_end_creation(trial, &signals);
    return 0;
}

static int rename_and_back(int directory, const char *name, const char *other)
{
    return publish_without_replacing(directory, name, directory, other) == 0
               ? RETRY(renameat(directory, other, directory, name))
               : -1;
}

/* In the state of a creation, because filelike_cleanup must wait until the file has its
 * name again. */
static int try_rename(
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

int hidden_check_rename(
    const struct target *target, struct removal *removal, int descriptor)
{
    struct removal *trial = removal_reserve();
    if (trial == NULL)
        return -1;
    int status = arm_trial(trial, target, removal_name(removal), descriptor);
    if (status == 0)
        status = try_rename(target, removal, removal_name(trial));
    removal_release(trial);
    return status;
}
