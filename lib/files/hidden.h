/* Hidden names beside a target, for files that will take its place. Each belongs to a
 * removal, so that no such file stays behind. */
#ifndef HIDDEN_H
#define HIDDEN_H

#include "files/removal.h"
#include "files/target.h"

/* Creates a file with a hidden name and MODE. Sets *REMOVAL to the removal of the name,
 * or to NULL on failure. An O_RDWR descriptor, or -1 with errno: EPERM if names cannot be
 * removed from the directory. */
int hidden_create(const struct target *target, mode_t mode, struct removal **removal);

/* Renames the hidden name to the target, see publish_rename. Releases REMOVAL, also on
 * failure. 0, or -1 with errno. */
int hidden_rename(struct removal *removal, const struct target *target, unsigned flags);

/* Whether hidden_rename with FILELIKE_NOREPLACE works in this directory, before the file
 * is written: 0, or -1 with errno, ENOTSUP if the filesystem can only replace. DESCRIPTOR
 * is that of the hidden file. */
int hidden_check_rename(
    const struct target *target, struct removal *removal, int descriptor);

/* Links the file of DESCRIPTOR to a hidden name. Sets *REMOVAL as hidden_create. 0, or -1
 * with errno. */
int hidden_link(const struct target *target, int descriptor, struct removal **removal);

/* Puts the file of DESCRIPTOR, which has no name, at the target. 0, or -1 with errno. */
int hidden_put_nameless(int descriptor, const struct target *target, unsigned flags);

#endif
