/* The version of the library. */
#include <config.h>

#include "filelike.h"

const char *filelike_version(void)
{
    return PACKAGE_VERSION;
}
