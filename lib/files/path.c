#include <config.h>

#include "files/path.h"

#include "base/call.h"
#include "files/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *path_join(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) == -1 ? NULL : path;
}

char *path_in(char *directory, const char *name)
{
    char *path = directory != NULL ? path_join(directory, name) : NULL;
    call_free(directory);
    return path;
}

char *path_absolute(const char *path)
{
    return path[0] == '/' ? strdup(path) : path_in(getcwd(NULL, 0), path);
}

/* The kernel writes "(unreachable)" before a path that is in another mount namespace. */
char *path_of_descriptor(int descriptor)
{
    char proc_path[PROC_PATH_SIZE];
    char answer[PATH_MAX];
    descriptor_proc_self_path(descriptor, proc_path);
    ssize_t length = RETRY(readlink(proc_path, answer, sizeof answer));
    bool is_absolute = length > 0 && (size_t) length < sizeof answer && answer[0] == '/';
    return is_absolute ? strndup(answer, (size_t) length) : NULL;
}

char *path_check(char *path, int file)
{
    struct stat named;
    struct stat own;
    if (path != NULL && path[0] == '/' && RETRY(stat(path, &named)) == 0 &&
        RETRY(fstat(file, &own)) == 0 && descriptor_same_file(&named, &own))
        return path;
    call_free(path);
    return NULL;
}

size_t path_start_of_name(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length;
}
