#include <config.h>

#include "files/replacement.h"

#include "base/call.h"
#include "filelike.h"
#include "files/attributes.h"
#include "files/copy.h"
#include "files/descriptor.h"
#include "files/hidden.h"
#include "files/publish.h"

#include <errno.h>
#include <fcntl.h>

/* The permissions that stdio asks for, before the umask. */
enum { FRESH_MODE = 0666 };

/* ---- Making the file ------------------------------------------------------------- */

static int create_file(struct replacement *replacement, mode_t mode)
{
    struct target *target = replacement->target;
    int descriptor = descriptor_create_nameless(target->directory, ".", O_RDWR, mode);
    if (descriptor == -1 && descriptor_nameless_unsupported(errno))
        descriptor = hidden_create(target, mode, &replacement->removal);
    return descriptor;
}

static int init_with_mode(
    struct replacement *replacement, struct target *target, mode_t mode)
{
    *replacement = (struct replacement){.target = target, .is_fresh = mode == FRESH_MODE};
    replacement->descriptor = create_file(replacement, mode);
    return replacement->descriptor == -1 ? -1 : 0;
}

int replacement_init(struct replacement *replacement, struct target *target,
    unsigned flags, mode_t permissions)
{
    bool fresh = permissions == 0 && !target_exists(target);
    if (init_with_mode(replacement, target, fresh ? FRESH_MODE : PRIVATE_MODE) != 0)
        return -1;
    replacement->flags = flags;
    replacement->permissions = permissions;
    if ((flags & FILELIKE_NOREPLACE) == 0 || replacement->removal == NULL ||
        hidden_check_rename(target, replacement->removal, replacement->descriptor) == 0)
        return 0;
    replacement_finish(replacement);
    return -1;
}

void replacement_finish(struct replacement *replacement)
{
    removal_release(replacement->removal);
    replacement->removal = NULL;
    descriptor_close(replacement->descriptor);
    replacement->descriptor = -1;
}

/* ---- The attributes that it is to have ------------------------------------------- */

/* Reads the attributes of a file that is made here as fopen would make it. The umask
 * cannot be read without changing it, and the directory may have a default ACL. */
static int read_fresh(struct target *target, struct attributes *attributes)
{
    struct replacement fresh;
    if (init_with_mode(&fresh, target, FRESH_MODE) != 0)
        return -1;
    int status = attributes_read(attributes, fresh.descriptor);
    replacement_finish(&fresh);
    return status;
}

/* 1: WANTED has the attributes of the file at the target. 0: there is none, perhaps
 * because another process has removed it by now. -1: errno says why they are unknown. */
static int read_old(struct target *target, struct attributes *wanted)
{
    if (!target_exists(target))
        return 0;
    if (target_attributes(target, wanted) == 0)
        return 1;
    if (errno != ENOENT)
        return -1;
    target_close_file(target);
    return 0;
}

int replacement_find_attributes(
    struct attributes *wanted, struct target *target, mode_t permissions, int own)
{
    int found = read_old(target, wanted);
    int status = found == -1 ? -1 : 0;
    if (found == 0)
        status = permissions != 0 && own != -1 ? attributes_read(wanted, own)
                                               : read_fresh(target, wanted);
    if (status == 0 && permissions != 0)
        attributes_set_mode(wanted, permissions);
    return status;
}

/* If the filesystem refuses to change the mode, refused_mode remembers it. */
static int apply_wanted(struct replacement *replacement)
{
    struct attributes wanted;
    if (replacement_find_attributes(&wanted, replacement->target,
            replacement->permissions, replacement->descriptor) != 0)
        return -1;
    int status = attributes_apply(&wanted, replacement->descriptor);
    if (status != 0 && attributes_is_refusal(errno) && !wanted.rights.has_acl)
        replacement->refused_mode = rights_to_mode(&wanted.rights);
    attributes_finish(&wanted);
    return status;
}

/* ---- Publishing ------------------------------------------------------------------ */

static int sync_replacement(const struct replacement *replacement)
{
    bool ignored;
    return publish_sync(replacement->descriptor, replacement->flags, &ignored);
}

/* A fresh file has the right attributes already, unless a file has come to the target. */
static int make_ready(struct replacement *replacement)
{
    if (target_refresh(replacement->target) != 0)
        return -1;
    bool is_right = replacement->is_fresh && !target_exists(replacement->target);
    if (!is_right && apply_wanted(replacement) != 0)
        return -1;
    return sync_replacement(replacement);
}

static int put_ready(struct replacement *replacement)
{
    struct removal *removal = replacement->removal;
    if (removal == NULL)
        return hidden_put_nameless(
            replacement->descriptor, replacement->target, replacement->flags);
    replacement->removal = NULL;
    return hidden_rename(removal, replacement->target, replacement->flags);
}

/* Exchanges the file for a copy that has a hidden name and was made with MODE. */
static int exchange_for_copy(struct replacement *replacement, mode_t mode)
{
    struct removal *removal;
    int copy = hidden_create(replacement->target, mode, &removal);
    if (copy == -1)
        return -1;
    if (copy_file(replacement->descriptor, copy) != 0) {
        removal_release(removal);
        descriptor_close(copy);
        return -1;
    }
    replacement_finish(replacement);
    replacement->descriptor = copy;
    replacement->removal = removal;
    return 0;
}

/* For a file that is ready, but cannot be linked to a name. The copy gets the attributes
 * that the file has. */
static int put_copy(struct replacement *replacement)
{
    struct attributes own;
    if (attributes_read(&own, replacement->descriptor) != 0)
        return -1;
    own.is_chosen = true;
    int status = exchange_for_copy(replacement, PRIVATE_MODE);
    if (status == 0)
        status = attributes_apply(&own, replacement->descriptor);
    attributes_finish(&own);
    if (status != 0 || sync_replacement(replacement) != 0)
        return -1;
    return put_ready(replacement);
}

/* For a filesystem on which a file keeps the mode that it was made with. */
static int make_ready_anew(struct replacement *replacement)
{
    mode_t mode = replacement->refused_mode;
    replacement->refused_mode = 0;
    if (sync_replacement(replacement) != 0 || exchange_for_copy(replacement, mode) != 0)
        return -1;
    replacement->is_fresh = false;
    return make_ready(replacement);
}

int replacement_publish(struct replacement *replacement)
{
    bool ignored;
    if (make_ready(replacement) != 0 &&
        (replacement->refused_mode == 0 || make_ready_anew(replacement) != 0))
        return -1;
    bool had_name = replacement->removal != NULL;
    if (put_ready(replacement) != 0 &&
        (had_name || !publish_link_is_impossible(errno) || put_copy(replacement) != 0))
        return -1;
    return target_sync(
        replacement->target, replacement->descriptor, replacement->flags, &ignored);
}
