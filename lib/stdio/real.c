#include <config.h>

#include "stdio/real.h"

#include "base/call.h"

/* Where files of 64 bits have to be asked for, glibc binds fopen to another symbol, and
 * --wrap goes by symbols. */
#ifdef __USE_FILE_OFFSET64
#define LARGE "64"
#else
#define LARGE
#endif

/* ld(1): with --wrap=fopen the real one has this name; without it nothing has. */
__attribute__((weak)) FILE *unwrapped_fopen(const char *path, const char *mode) __asm__(
    "__real_fopen" LARGE);
__attribute__((weak)) FILE *unwrapped_freopen(
    const char *path, const char *mode, FILE *file) __asm__("__real_freopen" LARGE);
__attribute__((weak)) int unwrapped_remove(const char *path) __asm__("__real_remove");
__attribute__((weak)) int unwrapped_rename(const char *from, const char *to) __asm__(
    "__real_rename");

FILE *real_fopen(const char *path, const char *mode)
{
    return unwrapped_fopen != NULL ? unwrapped_fopen(path, mode) : fopen(path, mode);
}

FILE *real_freopen(const char *path, const char *mode, FILE *file)
{
    return unwrapped_freopen != NULL ? unwrapped_freopen(path, mode, file)
                                     : freopen(path, mode, file);
}

int real_remove(const char *path)
{
    return RETRY(unwrapped_remove != NULL ? unwrapped_remove(path) : remove(path));
}

int real_rename(const char *from, const char *to)
{
    return RETRY(
        unwrapped_rename != NULL ? unwrapped_rename(from, to) : rename(from, to));
}
