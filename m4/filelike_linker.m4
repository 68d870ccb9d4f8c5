# FILELIKE_LINKER
# Sets LIBRARY_LDFLAGS: the exported symbols are those of the map, and the library is never
# unloaded, as stdio calls back into it at exit.
AC_DEFUN([FILELIKE_LINKER], [
AC_REQUIRE([LT_INIT])
AC_CACHE_CHECK([whether the linker takes a version script], [filelike_cv_version_script], [
  echo 'TEST { global: main; local: *; };' > conftest.map
  filelike_saved_LDFLAGS=$LDFLAGS
  LDFLAGS="$LDFLAGS -Wl,--version-script=conftest.map"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()],
    [filelike_cv_version_script=yes], [filelike_cv_version_script=no])
  LDFLAGS=$filelike_saved_LDFLAGS
  rm -f conftest.map])
AM_CONDITIONAL([HAVE_VERSION_SCRIPT], [test "$filelike_cv_version_script" = yes])
AX_APPEND_LINK_FLAGS([-Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro],
  [LIBRARY_LDFLAGS])
AC_SUBST([LIBRARY_LDFLAGS])
])
