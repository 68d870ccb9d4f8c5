/* The linker calls these in place of the C library's functions, with --wrap: see
 * lua.sh. */
#include <filelike.h>

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_freopen(const char *path, const char *mode, FILE *stream);
int __wrap_remove(const char *path);
int __wrap_rename(const char *from, const char *to);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return filelike_fopen(path, mode);
}

FILE *__wrap_freopen(const char *path, const char *mode, FILE *stream)
{
    return filelike_freopen(path, mode, stream);
}

int __wrap_remove(const char *path)
{
    return filelike_remove(path);
}

int __wrap_rename(const char *from, const char *to)
{
    return filelike_rename(from, to);
}
