# FILELIKE_PROBE_GLIBC
# Defines FILELIKE_GLIBC_INTERNALS to 1 where glibc declares the members of struct _IO_FILE
# that lib/stdio/glibc.c uses, to 0 elsewhere. Whether they do what it takes them to do is
# found out when the library runs: nothing is run here.
AC_DEFUN([FILELIKE_PROBE_GLIBC], [
AC_REQUIRE([AC_USE_SYSTEM_EXTENSIONS])
AC_CACHE_CHECK([whether glibc shows its struct _IO_FILE],
  [filelike_cv_glibc_internals], [
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#include <gnu/libc-version.h>
#include <stdio.h>
#ifndef __GLIBC__
#error not glibc
#endif
]], [[
    FILE *file = stdin;
    file->_flags = file->_flags2 = file->_fileno = 0;
    file->_IO_buf_base = file->_IO_buf_end = 0;
    file->_offset = 0;
    return gnu_get_libc_version() == 0;
]])],
  [filelike_cv_glibc_internals=yes], [filelike_cv_glibc_internals=no])])
AS_IF([test "$enable_glibc_internals" = no], [use_glibc_internals="no (disabled)"],
  [use_glibc_internals=$filelike_cv_glibc_internals])
AS_IF([test "$enable_glibc_internals" = yes && test "$use_glibc_internals" = no],
  [AC_MSG_ERROR([glibc does not show its struct _IO_FILE])])
AS_IF([test "$use_glibc_internals" = yes],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [1], [Use what glibc shows of struct _IO_FILE.])],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [0])])
AM_CONDITIONAL([HAVE_GLIBC_INTERNALS], [test "$use_glibc_internals" = yes])
])
