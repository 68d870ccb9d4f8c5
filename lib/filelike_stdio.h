/* For code that opens its own files: in what is compiled with this header, the functions
 *
 *     fopen, fopen64        are   filelike_fopen
 *     freopen, freopen64    are   filelike_freopen
 *     remove                is    filelike_remove
 *     rename                is    filelike_rename
 *
 *     cc -include filelike_stdio.h -c legacy.c
 *
 * It must come first, and takes no other header: the feature test macros that the source
 * defines (_GNU_SOURCE, _FILE_OFFSET_BITS) then hold as without it. The functions keep
 * their names in the source and get others for the linker alone. So members and C++
 * functions that are called remove or rename stay what they are, std::fopen is replaced,
 * too, and #undef changes nothing. In the sources of the library itself it does nothing.
 *
 * This is for gcc and clang. clang ends with an error (conflicting asm label) where
 * glibc's stdio.h is read with _FILE_OFFSET_BITS defined as 64. There, and with other
 * compilers, take the directory that "pkg-config --variable=stdiodir filelike" prints:
 * see its stdio.h.
 *
 * SPDX-License-Identifier: MIT
 */
#if !defined FILELIKE_STDIO_H && !defined FILELIKE_COMPILING && !defined __ASSEMBLER__
#define FILELIKE_STDIO_H

#ifdef _STDIO_H
#error "filelike_stdio.h comes too late, after stdio.h: use cc -include filelike_stdio.h"
#endif
#if !defined __GNUC__ || defined __TINYC__
#error \
    "filelike_stdio.h is for gcc and clang: see pkg-config --variable=stdiodir filelike"
#endif

/* clang warns where anything but stdio.h declares fopen. */
#pragma GCC system_header

/* In C++ glibc declares that remove and rename throw nothing, and musl does not. */
#define FILELIKE_STDIO_NOTHROW
#ifdef __cplusplus
#if __has_include(<gnu/libc-version.h>)
#undef FILELIKE_STDIO_NOTHROW
#if __cplusplus >= 201103L
#define FILELIKE_STDIO_NOTHROW noexcept
#else
#define FILELIKE_STDIO_NOTHROW throw()
#endif
#endif
extern "C" {
#endif

/* With _FILE_OFFSET_BITS defined as 64, glibc's stdio.h gives fopen and freopen a name
 * for the linker itself. Of two such names gcc keeps the first. FILE is struct _IO_FILE
 * in glibc and in musl. */
struct _IO_FILE;
extern struct _IO_FILE *fopen(const char *__restrict, const char *__restrict) __asm__(
    "filelike_fopen");
extern struct _IO_FILE *fopen64(const char *__restrict, const char *__restrict) __asm__(
    "filelike_fopen");
extern struct _IO_FILE *freopen(const char *__restrict, const char *__restrict,
    struct _IO_FILE *__restrict) __asm__("filelike_freopen");
extern struct _IO_FILE *freopen64(const char *__restrict, const char *__restrict,
    struct _IO_FILE *__restrict) __asm__("filelike_freopen");
extern int remove(const char *) FILELIKE_STDIO_NOTHROW __asm__("filelike_remove");
extern int rename(const char *, const char *) FILELIKE_STDIO_NOTHROW
    __asm__("filelike_rename");

#ifdef __cplusplus
}
#endif
#undef FILELIKE_STDIO_NOTHROW

#endif
