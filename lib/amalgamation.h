/* filelike @VERSION@ in one file, for use without building the library:
 *
 *     cc -c filelike.c
 *
 * It needs filelike.h beside it, gcc or clang, and glibc or musl on Linux. It needs no
 * options. (With glibc before 2.34, link with -pthread.)
 *
 * The program that this file is linked into sees the functions of filelike.h. All others
 * are static. A shared library that holds this file exports none of them, unless
 * FILELIKE_EXPORT is defined:
 *
 *     cc -DFILELIKE_EXPORT -fPIC -c filelike.c
 *
 * A process may hold several copies of the library. The streams of one copy are strangers
 * to another. A plugin that holds a copy must not be unloaded, because the C library
 * calls the copy at exit: link it with -Wl,-z,nodelete.
 *
 * This file was made from the sources by "make amalgamation": change those.
 *
 * SPDX-License-Identifier: MIT
 */
#ifdef FILELIKE_CONFIGURED
#include <config.h>
#else
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#if __SIZEOF_LONG__ == 4 && !defined _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#undef PACKAGE_VERSION
#define PACKAGE_VERSION "@VERSION@"
#endif
#define FILELIKE_COMPILING 1

/* After filelike_stdio.h, clang takes no second name for the linker. */
#ifdef FILELIKE_STDIO_H
#define fopen filelike_unused_fopen
#define freopen filelike_unused_freopen
#endif
#include <stdio.h>
#ifdef FILELIKE_STDIO_H
#undef fopen
#undef freopen
#endif

#include <stdlib.h>
#include <sys/types.h>
/* configure finds these out otherwise. */
#ifdef FILELIKE_CONFIGURED
#elif defined __GLIBC__
#define FILELIKE_GLIBC_INTERNALS 1
#if __GLIBC_PREREQ(2, 26)
#define HAVE_PWRITEV2 1
#endif
#if __GLIBC_PREREQ(2, 28)
#define HAVE_FILE__WIDE_DATA 1
#endif
#else
#define FILELIKE_GLIBC_INTERNALS 0
#endif

#ifdef FILELIKE_EXPORT
#include "filelike.h"
#else
#define FILELIKE_LOCAL 1
#pragma GCC visibility push(hidden)
#include "filelike.h"
#pragma GCC visibility pop
#endif
