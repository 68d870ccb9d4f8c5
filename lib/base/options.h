/* Validation of the options argument of an opener. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "filelike.h"

/* Those that PERMISSIONS of the options may hold: rwxrwxrwx. */
enum { PERMISSION_BITS = 0777 };

/* Copies *OPTIONS to *CHECKED, or all defaults if OPTIONS is NULL. The strings are not
 * copied and stay the caller's. Returns 0, or -1 with EINVAL. */
int options_check(
    const struct filelike_options *options, struct filelike_options *checked);

/* Returns 0, or -1 with EINVAL if FLAGS holds an unknown bit. */
int options_check_flags(unsigned flags);

#endif
