/* The C library's stdio.h, with the functions replaced that filelike_stdio.h tells of:
 *
 *     cc -I"$(pkg-config --variable=stdiodir filelike)" -c legacy.c
 *
 * For C on every compiler, and for C++ with gcc and clang. Where the compiler can give
 * functions other names for the linker alone, it is as with filelike_stdio.h; elsewhere
 * the names are macros, and members that are called remove or rename have other names,
 * too.
 *
 * SPDX-License-Identifier: MIT
 */
#pragma GCC system_header

/* Once; but old C libraries read a part of their stdio.h first. */
#if defined _STDIO_H || defined FILELIKE_COMPILING
#include_next <stdio.h>

#elif defined __GNUC__ && !defined __TINYC__
#include "../../filelike_stdio.h"
/* clang allows no second name for the linker, so it does not see the one that the C
 * library may give. gcc keeps the first, and here the C library's attributes. */
#ifdef __clang__
#define fopen filelike_unused_fopen
#define freopen filelike_unused_freopen
#endif
#include_next <stdio.h>
#ifdef __clang__
#undef fopen
#undef freopen
#endif

#elif defined __cplusplus
#error "filelike replaces fopen in C++ with gcc and clang alone"

#else
#include_next <stdio.h>
#ifdef _STDIO_H
extern FILE *filelike_fopen(const char *path, const char *mode);
extern FILE *filelike_freopen(const char *path, const char *mode, FILE *stream);
extern int filelike_remove(const char *path);
extern int filelike_rename(const char *from, const char *to);
#undef fopen
#undef freopen
#undef remove
#undef rename
#define fopen filelike_fopen
#define freopen filelike_freopen
#define remove filelike_remove
#define rename filelike_rename
#ifdef __USE_LARGEFILE64
#undef fopen64
#undef freopen64
#define fopen64 filelike_fopen
#define freopen64 filelike_freopen
#endif
#endif
#endif
