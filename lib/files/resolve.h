/* From a path to the directory and the name that it stands for. Links are followed one by
 * one, because the kernel could follow them only at the end of a path that it opens: then
 * the directory would be unknown. */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "files/target.h"

#include <stddef.h>

/* Sets the directory and the name of TARGET to those of PATH, without following a link at
 * its end. A relative PATH starts from the directory that TARGET has. 0, or -1 with the
 * errno of open(2) with O_CREAT, and with O_EXCL if FLAGS holds FILELIKE_NOREPLACE. */
int resolve_path(struct target *target, const char *path, unsigned flags);

/* Looks at what has the target's name: any file, also a symbolic link, or nothing. 0, or
 * -1 with errno. */
int resolve_name(struct target *target);

/* The same, then follows the link that was found, and each that it leads to. 0, or -1
 * with errno. */
int resolve_links(struct target *target);

/* Opens the directory that the first LENGTH bytes of PATH name, relative to START. They
 * are empty or end in a slash. O_RDONLY, or O_PATH if it cannot be read; or -1 with
 * errno.
 */
int resolve_directory(int start, const char *path, size_t length);

#endif
