/* The extended attributes of a file (xattr(7)). */
#ifndef XATTR_H
#define XATTR_H

#include <stddef.h>

#define ACCESS_ACL "system.posix_acl_access"

/* An element of a list. NULL is the empty list. */
struct extended_attribute;

/* Reads the attribute NAME of the file of DESCRIPTOR, or the names of all attributes if
 * NAME is NULL. 1 and *SIZE bytes at *VALUE with a '\0' after them, allocated by malloc;
 * 0 if there is no such attribute; or -1 with errno. Without a value *VALUE is NULL. */
int xattr_read(int descriptor, const char *name, char **value, size_t *size);

/* Puts all attributes into *LIST, but neither the ACL nor those that belong to the bytes
 * of the file. 0, or -1 with errno and a part of them in the list. */
int xattr_read_all(struct extended_attribute **list, int descriptor);

/* Gives the file the attributes of LIST, except those that are refused. 0, or -1 with
 * errno.
 */
int xattr_apply(const struct extended_attribute *list, int descriptor);

/* Removes the attributes of LIST from the file, except those that KEPT has. */
void xattr_remove(const struct extended_attribute *list,
    const struct extended_attribute *kept, int descriptor);

void xattr_free(struct extended_attribute *list);

#endif
