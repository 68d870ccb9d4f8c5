/* All ways to put a content in place, to be tried in one scenario after another. */
#ifndef PUT_H
#define PUT_H

#include <stdbool.h>
#include <stddef.h>

/* The number of ways. */
extern const size_t put_ways;

const char *put_name(size_t way);

/* Puts "new" at disk/target in the way of this number, with FLAGS. 0, or the errno of the
 * first call that failed, fclose included. */
int put_try(size_t way, unsigned flags);

/* Whether that gives EXPECTED, and what is in disk/ then is this CONTENT of target, NULL:
 * nothing. What is otherwise has been said. */
bool put(size_t way, unsigned flags, int expected, const char *content);

/* In all ways, over the content OLD, or where that is NULL, over nothing. */
bool put_all(const char *old, unsigned flags, int expected, const char *content);

#endif
