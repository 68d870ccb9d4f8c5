# FILELIKE_CHECK
# Sets have_check, CHECK_CFLAGS and CHECK_LIBS. A Check that pkg-config knows may still be one
# for another C library than the compiler's, so it has to link, too.
AC_DEFUN([FILELIKE_CHECK], [
PKG_CHECK_MODULES([CHECK], [check >= 0.10], [have_check=yes], [have_check=no])
AS_IF([test "$have_check" = yes], [
  AC_MSG_CHECKING([whether Check links])
  filelike_saved_CFLAGS=$CFLAGS
  filelike_saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $CHECK_CFLAGS"
  LIBS="$CHECK_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <check.h>]],
    [[srunner_free(srunner_create(suite_create("")));]])], [], [have_check=no])
  CFLAGS=$filelike_saved_CFLAGS
  LIBS=$filelike_saved_LIBS
  AC_MSG_RESULT([$have_check])])
])
