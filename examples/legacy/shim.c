/* What the linker calls in place of fopen and remove, see main.c. */
#include <filelike.h>

FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_remove(const char *path);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return filelike_fopen(path, mode);
}

int __wrap_remove(const char *path)
{
    return filelike_remove(path);
}
