#!/bin/sh
# A program that was linked with an earlier version of the library must run with this one.
# lib/filelike.abi describes the interface of the last release, and abidiff compares the
# library with it.
#
# usage: test_abi.sh            compares
#        test_abi.sh describe   writes lib/filelike.abi anew, for a release

set -u
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
library=$build/lib/.libs/libfilelike.so
description=$source/lib/filelike.abi

skip()
{
    echo "skipped: $*"
    exit 77
}

command -v abidiff >/dev/null || skip 'abidiff is not installed: it is in abigail-tools'
test -e "$library" || skip 'the library is built as a static one only'
readelf -S "$library" 2>/dev/null | grep -q '\.debug_info' || skip 'the library is built without -g'

# Only declarations of the public header count.
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$scratch/include"
cp "$source/lib/filelike.h" "$scratch/include"

# The description must not depend on who builds the library, or where.
describe()
{
    abidw --headers-dir "$scratch/include" --drop-private-types --drop-undefined-syms \
        --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
        --type-id-style hash "$library"
}

if test "${1-}" = describe; then
    describe >"$description"
    exit
fi

describe >"$scratch/now"
processor=$(head -n 1 "$description")
test "${processor%% soname=*}" = "$(sed '1s/ soname=.*//; q' "$scratch/now")" ||
    skip "the description is of another processor: $processor"
# shellcheck disable=SC2086 # it may be a compiler with its arguments
$CC -dM -E -include features.h - </dev/null 2>/dev/null | grep -q __GLIBC__ ||
    skip 'the description is of the library with glibc'

# New functions are allowed. FILE belongs to the C library. A new member of the options is a
# difference, although it takes the place of a reserved one: then describe the interface anew.
printf '[suppress_type]\nname = _IO_FILE\n' >"$scratch/suppressions"
if ! abidiff --harmless --no-added-syms --suppressions "$scratch/suppressions" \
    "$description" "$scratch/now"; then
    echo 'FAIL: programs linked with the last release may not run with this library (above)'
    exit 1
fi
echo 'ok: compatible with lib/filelike.abi'
