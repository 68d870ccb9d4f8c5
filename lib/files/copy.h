/* The content of one file for another. */
#ifndef COPY_H
#define COPY_H

/* Gives the file of TARGET all that is in the file of SOURCE, which can be read, and
 * nothing else. Holes stay holes, where the kernel tells of them; time and space are
 * those of what is there. A file whose size the kernel does not tell is read to its end.
 * Both offsets stay. 0, or -1 with errno and a part of it copied. */
int copy_file(int source, int target);

#endif
