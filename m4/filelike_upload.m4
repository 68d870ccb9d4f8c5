# FILELIKE_UPLOAD
# Sets have_upload to yes, or to no and what is missing for the upload example; and
# MICROHTTPD_CFLAGS, MICROHTTPD_LIBS, CURL_CFLAGS and CURL_LIBS. What pkg-config knows may
# be for another C library than the compiler's, so it has to link, too.
AC_DEFUN([FILELIKE_UPLOAD], [
AC_REQUIRE([FILELIKE_LIBCSV])
have_upload=yes
PKG_CHECK_MODULES([MICROHTTPD], [libmicrohttpd >= 0.9.74], [],
  [have_upload="no (no libmicrohttpd)"])
PKG_CHECK_MODULES([CURL], [libcurl >= 7.56], [], [have_upload="no (no libcurl)"])
AS_IF([test "$have_libcsv" != yes], [have_upload="no (no libcsv)"])
AS_IF([test "$have_upload" = yes], [
  AC_MSG_CHECKING([whether libmicrohttpd and libcurl link])
  filelike_saved_CFLAGS=$CFLAGS
  filelike_saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $MICROHTTPD_CFLAGS $CURL_CFLAGS"
  LIBS="$MICROHTTPD_LIBS $CURL_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <curl/curl.h>
#include <microhttpd.h>
]], [[return MHD_get_version() == NULL || curl_version() == NULL;]])], [],
    [have_upload="no (libmicrohttpd and libcurl do not link)"])
  CFLAGS=$filelike_saved_CFLAGS
  LIBS=$filelike_saved_LIBS
  AC_MSG_RESULT([$have_upload])])
])
