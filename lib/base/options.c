#include <config.h>

#include "base/options.h"

#include "base/call.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define KNOWN_FLAGS                                                                \
    (FILELIKE_UNLOCKED | FILELIKE_KEEP | FILELIKE_IN_MEMORY | FILELIKE_NOREPLACE | \
        FILELIKE_NOSYNC)

static bool has_no_slash(const char *part)
{
    return part == NULL || strchr(part, '/') == NULL;
}

static bool all_zero(const uint64_t *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i] != 0)
            return false;
    }
    return true;
}

int options_check_flags(unsigned flags)
{
    return (flags & ~KNOWN_FLAGS) == 0 ? 0 : call_fail(EINVAL);
}

static bool are_valid(const struct filelike_options *options)
{
    return all_zero(
               options->reserved, sizeof options->reserved / sizeof *options->reserved) &&
           (options->permissions & ~(mode_t) PERMISSION_BITS) == 0 &&
           has_no_slash(options->prefix) && has_no_slash(options->suffix) &&
           options_check_flags(options->flags) == 0;
}

int options_check(const struct filelike_options **options)
{
    static const struct filelike_options defaults;
    if (*options == NULL) {
        *options = &defaults;
        return 0;
    }
    return are_valid(*options) ? 0 : call_fail(EINVAL);
}
