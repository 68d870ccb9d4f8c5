/* All ways to put a content in place, to be tried in one scenario after another. */
#ifndef PUT_H
#define PUT_H

#include <stdbool.h>
#include <stddef.h>

/* The number of ways. */
extern const size_t put_ways;

const char *put_name(size_t way);

/* Puts "new" at disk/target in the way with the number WAY. 0, or the errno of the first
 * call that failed, fclose included. */
int put_try(size_t way, unsigned flags);

/* Whether put_try returns EXPECTED, and disk/ then holds target alone with this CONTENT,
 * or nothing if CONTENT is NULL. A message tells each difference. */
bool put(size_t way, unsigned flags, int expected, const char *content);

/* Puts in all ways over the content OLD, or over nothing if OLD is NULL. */
bool put_all(const char *old, unsigned flags, int expected, const char *content);

#endif
