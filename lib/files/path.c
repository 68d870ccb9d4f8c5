#include <config.h>

#include "files/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *path_join(const char *directory, const char *separator, const char *name)
{
    char *path;
    if (asprintf(&path, "%s%s%s", directory, separator, name) == -1)
        return NULL;
    return path;
}

char *path_absolute(const char *path)
{
    if (path[0] == '/')
        return strdup(path);
    if (path[0] == '\0') {
        errno = ENOENT;
        return NULL;
    }
    char *present = getcwd(NULL, 0);
    if (present == NULL)
        return NULL;
    char *absolute = path_join(present, "/", path);
    free(present);
    return absolute;
}

char *path_last_name(char *path)
{
    char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
