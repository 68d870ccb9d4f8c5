# FILELIKE_PROBE_GLIBC
# Defines FILELIKE_GLIBC_INTERNALS to 1 where glibc's struct _IO_FILE behaves as lib/cookie.c
# takes it to, to 0 elsewhere. Asked by behaviour: a stream with callbacks has the lock bit
# and loses it, answers fileno with the descriptor that was set, and a stream of fopen's
# without threads does not have the bit.
AC_DEFUN([FILELIKE_PROBE_GLIBC], [
AC_REQUIRE([AC_USE_SYSTEM_EXTENSIONS])
AC_CACHE_CHECK([whether glibc's struct _IO_FILE is as expected],
  [filelike_cv_glibc_internals], [
  AC_RUN_IFELSE([AC_LANG_PROGRAM([[
#include <stdio.h>
#ifndef __GLIBC__
#error not glibc
#endif
static ssize_t none(void *cookie, char *buffer, size_t size)
{
    (void) cookie, (void) buffer, (void) size;
    return 0;
}
]], [[
    cookie_io_functions_t callbacks = {.read = none};
    FILE *file = fopencookie(NULL, "r", callbacks);
    FILE *plain = fopen("/", "r");
    if (file == NULL || plain == NULL)
        return 1;
    if (file->_fileno != -2 || (file->_flags2 & 0x80) == 0 || (plain->_flags2 & 0x80) != 0)
        return 1;
    file->_flags2 &= ~0x80;
    file->_fileno = 7;
    if (fileno(file) != 7 || getc(file) != EOF || (file->_flags2 & 0x80) != 0)
        return 1;
    return file->_offset >= 0 || fclose(file) != 0;
]])],
  [filelike_cv_glibc_internals=yes], [filelike_cv_glibc_internals=no],
  [filelike_cv_glibc_internals=no])])
AS_IF([test "$enable_glibc_internals" = no], [use_glibc_internals="no (disabled)"],
  [use_glibc_internals=$filelike_cv_glibc_internals])
AS_IF([test "$enable_glibc_internals" = yes && test "$use_glibc_internals" = no],
  [AC_MSG_ERROR([glibc's struct _IO_FILE is not as expected])])
AS_IF([test "$use_glibc_internals" = yes],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [1], [Use what glibc shows of struct _IO_FILE.])],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [0])])
])
