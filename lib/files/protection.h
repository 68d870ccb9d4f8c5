/* The kernel's rules against files and links that other users have planted in a shared
 * directory such as /tmp (proc(5), Documentation/admin-guide/sysctl/fs.rst), and its rule
 * for replacing files there. DIRECTORY contains the file of STATUS. Each function returns
 * 0, or -1 with errno. */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <sys/stat.h>

/* May the symbolic link be followed (fs.protected_symlinks)? Else EACCES. */
int protection_check_link(int directory, const struct stat *status);

/* May the file be opened for writing (fs.protected_regular)? Else EACCES. */
int protection_check_writing(int directory, const struct stat *status);

/* May the file be replaced? In a sticky directory only its owner, the owner of the
 * directory and a process with CAP_FOWNER may do that. Else EPERM. */
int protection_check_replacing(int directory, const struct stat *status);

#endif
