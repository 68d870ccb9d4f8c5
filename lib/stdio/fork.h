/* What fork needs of this library: a child can use and close what it inherited, whatever
 * the other threads of its parent were doing. */
#ifndef FORK_H
#define FORK_H

/* 0 where the handlers of fork stand, which they do from the start of the program on; or
 * -1 with errno, where there was no memory for them. */
int fork_prepared(void);

#endif
