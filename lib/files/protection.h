/* The kernel's rules for files and links that others may have planted in a directory that
 * is everybody's (Documentation/admin-guide/sysctl/fs.rst), and for what may be replaced
 * there. DIRECTORY is where the file is that has STATUS. Each is 0, or -1 with errno. */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <sys/stat.h>

/* fs.protected_symlinks: whether the link may be followed. EACCES. */
int protection_check_link(int directory, const struct stat *status);

/* fs.protected_regular: whether the file may be opened to be written. EACCES. */
int protection_check_writing(int directory, const struct stat *status);

/* Whether the process may replace the file: of a sticky directory its owner may, the
 * directory's owner, and who may act for any owner. EPERM. */
int protection_check_replacing(int directory, const struct stat *status);

#endif
