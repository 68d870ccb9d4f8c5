/* The options argument of an opener, validated. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "filelike.h"

/* Fills *CHECKED with *OPTIONS, or with all defaults where OPTIONS is NULL. The strings
 * stay the caller's. 0, or -1 with EINVAL. */
int options_check(
    const struct filelike_options *options, struct filelike_options *checked);

/* 0 where FLAGS holds no unknown bit, else -1 with EINVAL. */
int options_check_flags(unsigned flags);

#endif
