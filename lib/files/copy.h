/* Copying the content of one file to another. */
#ifndef COPY_H
#define COPY_H

/* Gives TARGET, which is empty, the content of SOURCE, which must be readable. Holes stay
 * holes if the kernel tells where they are, and cost no time. A file whose size the
 * kernel does not tell is read to its end. The offsets of both descriptors stay. 0, or -1
 * with errno and a part copied. */
int copy_file(int source, int target);

#endif
