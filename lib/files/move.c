#include <config.h>

#include "files/move.h"

#include "base/call.h"
#include "filelike.h"
#include "files/attributes.h"
#include "files/filesystem.h"
#include "files/hidden.h"
#include "files/publish.h"
#include "files/replacement.h"

#include <errno.h>

static int sync_moved(struct move *move)
{
    return publish_sync(move->descriptor, move->flags, &move->is_lost);
}

/* The link comes before the sync, which would be in vain for a file that cannot be
 * linked.
 */
static int link_and_rename(struct move *move)
{
    struct removal *removal;
    if (hidden_link(move->target, move->descriptor, &removal) == -1)
        return -1;
    if (sync_moved(move) == 0)
        return hidden_rename(removal, move->target, move->flags);
    removal_release(removal);
    return -1;
}

static int put_nameless(struct move *move)
{
    const struct target *target = move->target;
    int status;
    if ((move->flags & FILELIKE_NOREPLACE) == 0 && !target->is_append_only)
        status = link_and_rename(move);
    else
        status = sync_moved(move) == 0
                     ? hidden_put_nameless(move->descriptor, target, move->flags)
                     : -1;
    if (status != 0 && !move->is_lost && publish_link_is_impossible(errno))
        errno = EXDEV;
    return status;
}

static int put_moved(struct move *move)
{
    if (move->name == NULL)
        return put_nameless(move);
    return sync_moved(move) == 0
               ? publish_rename(removal_directory(move->name), removal_name(move->name),
                     move->target, move->flags)
               : -1;
}

/* ECHILD: this is a child that was forked in the middle of the call. Its parent goes on
 * with the file, so the child takes nothing back. */
static int prepare_and_put(struct move *move, struct attributes *before)
{
    struct attributes wanted;
    if (replacement_find_attributes(&wanted, move->target, move->permissions, -1) != 0)
        return -1;
    int status = attributes_apply(&wanted, move->descriptor);
    if (status == 0)
        status = put_moved(move);
    if (status != 0 && errno != ECHILD)
        KEEPING_ERRNO(attributes_revert(&wanted, before, move->descriptor));
    attributes_finish(&wanted);
    return status;
}

/* link and rename would find another mount, too, but only after the sync. */
int move_to_target(struct move *move)
{
    struct attributes before;
    if (filesystem_is_other_mount(move->target->directory, move->descriptor))
        return call_fail(EXDEV);
    if (target_refresh(move->target) != 0 ||
        attributes_read(&before, move->descriptor) != 0)
        return -1;
    before.is_chosen = true;
    int status = prepare_and_put(move, &before);
    attributes_finish(&before);
    return status;
}
