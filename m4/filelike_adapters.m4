# FILELIKE_ADAPTERS
# For the examples of streams on other libraries: sets have_zlib, have_nettle,
# have_libarchive and have_libcurl to yes or no, and ZLIB_CFLAGS, ZLIB_LIBS and so on.
AC_DEFUN([FILELIKE_ADAPTERS], [
FILELIKE_LINKS([have_zlib], [ZLIB], [zlib], [zlib.h], [zlibVersion()])
FILELIKE_LINKS([have_nettle], [NETTLE], [nettle], [nettle/sha2.h], [&nettle_sha256_init])
FILELIKE_LINKS([have_libarchive], [ARCHIVE], [libarchive], [archive.h],
  [archive_version_string()])
FILELIKE_LINKS([have_libcurl], [CURL_POLL], [libcurl >= 7.66], [curl/curl.h],
  [&curl_multi_poll])
])

# FILELIKE_LINKS(RESULT, PREFIX, MODULE, HEADER, POINTER)
# Whether a program with the pointer links. What pkg-config knows may be for another C
# library than the compiler's.
AC_DEFUN([FILELIKE_LINKS], [
PKG_CHECK_MODULES([$2], [$3], [$1=yes], [$1=no])
AS_IF([test "$$1" = yes], [
  AC_MSG_CHECKING([whether $3 links])
  filelike_saved_CFLAGS=$CFLAGS
  filelike_saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $$2_CFLAGS"
  LIBS="$$2_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <$4>
]], [[const void *pointer = $5; return pointer == 0;]])], [], [$1=no])
  CFLAGS=$filelike_saved_CFLAGS
  LIBS=$filelike_saved_LIBS
  AC_MSG_RESULT([$$1])])
])
