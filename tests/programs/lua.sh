#!/bin/bash
# Builds Lua from its unchanged source, as it is and with fopen and its kin replaced in three
# ways: by filelike_stdio.h, by the directory with a stdio.h of its own, and by the linker.
# With names in memory round.lua must print the same as with files, and leave no file. Lua is a
# good test: it is compiled with _FILE_OFFSET_BITS, and reopens a binary chunk with freopen.
# For "make check-programs".
#
# usage: LIBRARY=DIRECTORY lua.sh [SOURCES]     DIRECTORY has libfilelike.so; the source of
#                                               Lua is SOURCES/lua5.4

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 99
lib=$here/../../lib
sources=$(cd "${1:-/nonexistent}/lua5.4/src" 2>/dev/null && pwd) ||
    { echo 'skipped: Lua: SOURCES has no source of it'; exit 0; }
: "${CC:=cc}" "$LIBRARY"
export LC_ALL=C
limit_seconds=20
failures=0

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

# build NAME COMPILER-FLAGS LINKER-FLAGS: builds lua-NAME.
build()
{
    local file
    mkdir "objects-$1" || return
    for file in "$sources"/*.c; do
        case $file in */luac.c) continue ;; esac
        # shellcheck disable=SC2086 # lists
        $CC -O1 -DLUA_USE_LINUX -I. $2 -c "$file" -o "objects-$1/$(basename "$file" .c).o" || return
    done
    # shellcheck disable=SC2086
    $CC "objects-$1"/*.o $3 -Wl,-E -lm -ldl -o "lua-$1"
}

# run_round NAME PREFIX: runs round.lua in a directory of its own.
run_round()
{
    rm -rf work
    mkdir work
    (cd work && timeout "$limit_seconds" "../lua-$1" "$here/round.lua" "$2"
        echo "status $?") 2>&1
}

# try NAME COMPILER-FLAGS LINKER-FLAGS
try()
{
    if ! build "$1" "$2" "$3"; then
        echo "FAIL: Lua, $1: does not build (above)"
    elif ! run_round "$1" memory: | diff said-plain -; then
        echo "FAIL: Lua, $1: the output differs with names in memory (see above)"
    elif ! rmdir work 2>/dev/null; then
        echo "FAIL: Lua, $1: leaves files: $(ls work)"
    else
        echo "ok: Lua, $1"
        return
    fi
    failures=$((failures + 1))
}

wrapped='-Wl,--wrap=fopen,--wrap=fopen64,--wrap=freopen,--wrap=freopen64,--wrap=remove,--wrap=rename'
library="-L$LIBRARY -Wl,-rpath,$LIBRARY -lfilelike"

# Debian's rules write this header when they build Lua.
echo '#define DEB_HOST_MULTIARCH "any"' >lua5.4-deb-multiarch.h
build plain '' '' || exit
run_round plain '' >said-plain
grep -qx 'status 0' said-plain || { echo 'FAIL: Lua, as it is:'; cat said-plain; exit 1; }
$CC -O1 -Wall -Werror -I"$lib" -c "$here/wrap.c" -o wrap.o || exit
for name in fopen freopen; do
    echo "--defsym=__wrap_${name}64=__wrap_$name"
done >symbols

try header "-include $lib/filelike_stdio.h" "$library"
try directory "-I$lib/filelike/stdio" "$library"
try linker '' "wrap.o $wrapped -Wl,@symbols $library"
test "$failures" -eq 0
