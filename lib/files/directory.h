/* Directories that streams hold open. A later chdir then changes nothing, and a working
 * directory whose own path is too long, removed or not searchable can still be used.
 * Streams with files in the same directory share one descriptor. */
#ifndef DIRECTORY_H
#define DIRECTORY_H

struct directory;

/* The directory at PATH, with a reference for the caller. NULL with errno. */
struct directory *directory_hold(const char *path);
void directory_release(struct directory *directory);

/* A descriptor with O_PATH, for openat, unlinkat and the like. */
int directory_descriptor(const struct directory *directory);

/* An absolute path of the directory, allocated by malloc, or NULL if it is unknown. The
 * first is from the time when the directory was held, the second is the kernel's now.
 * Neither need lead there any more. */
char *directory_path(const struct directory *directory);
char *directory_path_now(const struct directory *directory);

#endif
