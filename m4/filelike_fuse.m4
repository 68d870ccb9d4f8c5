# FILELIKE_FUSE
# Sets have_fuse to yes, or to no and what is missing for the tests' own filesystems; and
# FUSE_CFLAGS and FUSE_LIBS. What pkg-config knows may be for another C library than the
# compiler's, so it has to link, too.
AC_DEFUN([FILELIKE_FUSE], [
PKG_CHECK_MODULES([FUSE], [fuse3 >= 3.4], [have_fuse=yes], [have_fuse="no (no libfuse3)"])
AS_IF([test "$have_fuse" = yes], [
  AC_MSG_CHECKING([whether libfuse3 links])
  filelike_saved_CFLAGS=$CFLAGS
  filelike_saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $FUSE_CFLAGS"
  LIBS="$FUSE_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#define FUSE_USE_VERSION 34
#include <fuse_lowlevel.h>
]], [[return fuse_version() == 0;]])], [], [have_fuse="no (libfuse3 does not link)"])
  CFLAGS=$filelike_saved_CFLAGS
  LIBS=$filelike_saved_LIBS
  AC_MSG_RESULT([$have_fuse])])
])
