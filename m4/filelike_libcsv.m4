# FILELIKE_LIBCSV
# Sets have_libcsv and CSV_LIBS. libcsv comes without a pkg-config file.
AC_DEFUN([FILELIKE_LIBCSV], [
AC_CHECK_HEADER([csv.h], [
  AC_CHECK_LIB([csv], [csv_fwrite], [have_libcsv=yes; CSV_LIBS=-lcsv], [have_libcsv=no])],
  [have_libcsv=no])
AC_SUBST([CSV_LIBS])
])
