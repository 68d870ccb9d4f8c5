#!/bin/sh
# Compiles and runs every program in README, with README's own command, and compares what
# it prints with what README says. Looks up every name of the library that README uses.

set -u
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
: "${CC:=cc}" "${CFLAGS:=}" "${LDFLAGS:=}"
command -v pkg-config >/dev/null || { echo "skipped: pkg-config is not there"; exit 77; }
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# README's "cc" is the compiler that the library was built with, with its flags: one that
# was built for a sanitizer or another C library needs them.
cc()
{
    # shellcheck disable=SC2086 # they are lists
    $CC $CFLAGS $LDFLAGS "$@"
}

# What pkg-config will say once the library is installed, but for the two directories.
mkdir pkgconfig
sed -e "s|^libdir=.*|libdir=$build/lib/.libs|" -e "s|^includedir=.*|includedir=$source/lib|" \
    "$build/lib/filelike.pc" >pkgconfig/filelike.pc
export PKG_CONFIG_PATH="$scratch/pkgconfig"
export LD_LIBRARY_PATH="$build/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# A program is a block that starts with an #include, its output the block after "It prints:".
# The empty lines around a block are not part of it.
awk '
function start(name) { file = name; printed = 0; empty_lines = "" }
/^[^ ]/ { file = "" }
/^    #include/ && file == "" { start("program-" ++programs ".c") }
/^It prints:$/ { start("program-" programs ".wanted"); next }
file == "" { next }
/^$/ { empty_lines = empty_lines "\n"; next }
{ printf "%s%s\n", printed++ ? empty_lines : "", substr($0, 5) >file; empty_lines = "" }
' "$source/README"

command=$(sed -n 's/^    \(cc -o table table\.c .*\)/\1/p' "$source/README")
test -n "$command" || fail "README has no command to compile table.c"

run_program()
{
    cp "$1" table.c
    eval "$command" || { fail "$1 does not compile: $command"; return; }
    ./table >printed || fail "$1 ends with status $?"
    diff -u "${1%.c}.wanted" printed || fail "$1 prints something else (above)"
}

programs=0
for program in program-*.c; do
    test -e "$program" || break
    programs=$((programs + 1))
    run_program "$program"
done
test "$programs" -gt 0 || fail "no program found in README"
echo "$programs program(s) of README compiled and run"

grep -Eow 'filelike_[a-z_]+|FILELIKE_[A-Z_]+' "$source/README" | sort -u >names
while read -r name; do
    grep -qw "$name" "$source/lib/filelike.h" || fail "README names $name, filelike.h does not"
done <names

test "$failures" -eq 0
