#!/bin/sh
# Programs linked with the last release run with this library: abidiff compares the two.

set -u
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
skip()
{
    echo "skipped: $*"
    exit 77
}

for tool in git abidiff autoreconf; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
prefix=$(git -C "$source" rev-parse --show-prefix 2>/dev/null) || skip 'this is no clone'
test -z "$prefix" || skip 'this is no clone, but lies in one'
tag=$(git -C "$source" describe --tags --abbrev=0 --match='v[0-9]*' 2>/dev/null) ||
    skip 'there is no release yet: no tag v0.1.0, say'
test -e "$build/lib/.libs/libfilelike.so" || skip 'the library is built as a static one only'
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

# The release, built as this library is.
mkdir "$scratch/release" "$scratch/now" "$scratch/before"
git -C "$source" archive "$tag" | tar -x -C "$scratch/release"
if ! (
    cd "$scratch/release" && autoreconf -fi &&
        ./configure --disable-static "CC=$CC" "CFLAGS=$CFLAGS" "LDFLAGS=$LDFLAGS" &&
        make lib/libfilelike.la
) >"$scratch/said" 2>&1; then
    tail "$scratch/said"
    echo "FAIL: $tag does not build"
    exit 1
fi

# Only what the public header declares is compared, and what is new does not count: neither
# functions nor members that take from the reserved ones of the options.
cd "$scratch" || exit 99
cp release/lib/filelike.h before
cp "$source/lib/filelike.h" now
cat >suppressions <<'END'
[suppress_type]
  name = filelike_options
  has_data_member_inserted_between = {offset_of(reserved), end}
END
if ! abidiff --no-added-syms --suppressions suppressions --headers-dir1 before --headers-dir2 now \
    release/lib/.libs/libfilelike.so "$build/lib/.libs/libfilelike.so"; then
    echo "FAIL: not compatible with $tag (above)"
    exit 1
fi

options_size()
{
    echo '#include <filelike.h>
char size[sizeof(struct filelike_options)];' >size.c
    # shellcheck disable=SC2086 # they are lists
    $CC $CFLAGS -I"$1" -c size.c && nm -S size.o | awk '$4 == "size" { print $2 }'
}

if test "$(options_size before)" != "$(options_size now)"; then
    echo "FAIL: struct filelike_options has another size than in $tag"
    exit 1
fi
echo "ok: compatible with $tag"
