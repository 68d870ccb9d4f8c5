/* A file as a block device. */
#ifndef LOOP_H
#define LOOP_H

enum { LOOP_PATH_SIZE = 32 }; /* room for "/dev/loopN" */

/* A descriptor of a block device whose bytes are those of the file at PATH, and, in
 * DEVICE, its path. It is there as long as it is open or mounted. -1 with errno where
 * this cannot be had. */
int loop_attach(const char *path, char device[LOOP_PATH_SIZE]);

#endif
