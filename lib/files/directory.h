/* Directories that are held open from the opening of a stream on, so that a later chdir
 * changes nothing, and nothing above the working directory has to be readable, reachable
 * by name or short. Streams whose files lie in the same one share it. */
#ifndef DIRECTORY_H
#define DIRECTORY_H

struct directory;

/* The directory at PATH, from the present working directory on, with a reference for the
 * caller. NULL with errno. */
struct directory *directory_hold(const char *path);
void directory_release(struct directory *directory);

/* For openat, unlinkat and their like. */
int directory_descriptor(const struct directory *directory);

/* Where it seems to be: an absolute path in a block of malloc's, or NULL where nobody can
 * tell. The first is as the working directory was called when it was held, the second is
 * the kernel's word now; neither need lead there. */
char *directory_path(const struct directory *directory);
char *directory_path_now(const struct directory *directory);

#endif
