/* Validation of the options argument of an opener. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "filelike.h"

/* Those that PERMISSIONS of the options may hold: rwxrwxrwx. */
enum { PERMISSION_BITS = 0777 };

/* Checks **OPTIONS, or sets *OPTIONS to all defaults if it is NULL. Returns 0, or -1 with
 * EINVAL. */
int options_check(const struct filelike_options **options);

/* Returns 0, or -1 with EINVAL if FLAGS holds an unknown bit. */
int options_check_flags(unsigned flags);

#endif
