#!/bin/sh
# CMake and Meson find the installed library through pkg-config, as they find other libraries,
# and build a program with it.
set -eu
build=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
export CC="${CC:-cc}" CFLAGS="${CFLAGS:-}" LDFLAGS="${LDFLAGS:-}"
test -e "$build/lib/.libs/libfilelike.so" || { echo 'skipped: the library is built as a static one only'; exit 77; }

# The library is installed below a root of its own.
make -C "$build" install DESTDIR="$work/root" MAKEFLAGS= >said 2>&1 || { cat said; exit 1; }
pkgconfig=$(dirname "$(find root -name filelike.pc)")
export PKG_CONFIG_PATH="$work/$pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/root"
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export LD_LIBRARY_PATH="$work/${pkgconfig%/pkgconfig}"

cat >program.c <<'C'
#include <filelike.h>

int main(void)
{
    FILE *stream = filelike_memory("w+", NULL);
    if (stream == NULL)
        return 1;
    fputs("0123", stream);
    printf("%d\n", (int) filelike_size(stream));
    return fclose(stream) != 0;
}
C
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.10)
project(program C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(FILELIKE REQUIRED IMPORTED_TARGET filelike)
add_executable(program program.c)
target_link_libraries(program PkgConfig::FILELIKE)
CMAKE
cat >meson.build <<'MESON'
project('program', 'c')
executable('program', 'program.c', dependencies: dependency('filelike'))
MESON

tried=0

# try TOOL COMMAND PROGRAM
try()
{
    if ! command -v "$1" >/dev/null || ! command -v pkg-config >/dev/null; then
        echo "skipped: $1 or pkg-config is not installed"
        return
    fi
    sh -c "$2" >said 2>&1 || { cat said; echo "FAIL: $1 does not build the program"; exit 1; }
    test "$("$3")" = 4 || { echo "FAIL: the program that $1 built does not run"; exit 1; }
    tried=$((tried + 1))
}

try cmake 'cmake -S . -B by-cmake && cmake --build by-cmake' by-cmake/program
try meson 'meson setup by-meson && meson compile -C by-meson' by-meson/program
test "$tried" -gt 0 || exit 77
