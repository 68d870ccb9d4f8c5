# FILELIKE_COMPILER_WARNINGS
# Sets WARNING_CFLAGS to what the compiler knows of a strict set of warnings. They are not in
# CFLAGS, which belong to who builds.
AC_DEFUN([FILELIKE_COMPILER_WARNINGS], [
AC_REQUIRE([AC_PROG_CC])
AX_APPEND_COMPILE_FLAGS(m4_normalize([-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wsign-conversion -Wcast-qual -Wcast-align -Wpointer-arith -Wstrict-prototypes
  -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition -Wredundant-decls
  -Wnested-externs -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wswitch-default
  -Wunused-macros -Wdouble-promotion -Wnull-dereference -Wduplicated-cond
  -Wduplicated-branches -Wlogical-op -Wjump-misses-init]), [WARNING_CFLAGS], [-Werror])
AS_IF([test "$enable_werror" = yes], [AS_VAR_APPEND([WARNING_CFLAGS], [" -Werror"])])
AC_SUBST([WARNING_CFLAGS])
])
