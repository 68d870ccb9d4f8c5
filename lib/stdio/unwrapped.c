#include <config.h>

#include "stdio/unwrapped.h"

#include "base/call.h"

/* With _FILE_OFFSET_BITS=64 on 32 bits, glibc's header binds fopen to the symbol fopen64,
 * and --wrap goes by symbols. */
#ifdef __USE_FILE_OFFSET64
#define OFFSET64 "64"
#else
#define OFFSET64
#endif

/* Other names in C for the C library's functions: filelike_stdio.h turns fopen into
 * filelike_fopen, also where a program compiles the library (filelike.c) with it. */
FILE *libc_fopen(const char *path, const char *mode) __asm__("fopen" OFFSET64);
FILE *libc_freopen(const char *path, const char *mode, FILE *file) __asm__(
    "freopen" OFFSET64);
int libc_remove(const char *path) __asm__("remove");
int libc_rename(const char *from, const char *to) __asm__("rename");

/* With --wrap=fopen, ld(1) gives the C library's fopen the name __real_fopen. Without the
 * option there is no such name, and the address is NULL. */
__attribute__((weak)) FILE *real_fopen(const char *path, const char *mode) __asm__(
    "__real_fopen" OFFSET64);
__attribute__((weak)) FILE *real_freopen(
    const char *path, const char *mode, FILE *file) __asm__("__real_freopen" OFFSET64);
__attribute__((weak)) int real_remove(const char *path) __asm__("__real_remove");
__attribute__((weak)) int real_rename(const char *from, const char *to) __asm__(
    "__real_rename");

FILE *unwrapped_fopen(const char *path, const char *mode)
{
    return real_fopen != NULL ? real_fopen(path, mode) : libc_fopen(path, mode);
}

FILE *unwrapped_freopen(const char *path, const char *mode, FILE *file)
{
    return real_freopen != NULL ? real_freopen(path, mode, file)
                                : libc_freopen(path, mode, file);
}

int unwrapped_remove(const char *path)
{
    return RETRY(real_remove != NULL ? real_remove(path) : libc_remove(path));
}

int unwrapped_rename(const char *from, const char *to)
{
    return RETRY(real_rename != NULL ? real_rename(from, to) : libc_rename(from, to));
}
