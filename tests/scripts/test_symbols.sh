#!/bin/sh
# lib/filelike.map lists the exports. The built library must export exactly these, a static one
# must define no other global names, and Debian's list, which is made from the map, must have
# each of them. (test_manual.sh compares the map
# with the header and the manual, test_abi.sh compares the library with the last release.)

set -u
export LC_ALL=C
library=$PWD/lib/.libs/libfilelike.so
archive=$PWD/lib/.libs/libfilelike.a
config=$PWD/Makefile
source=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# same NAMES WHAT: the names in the file NAMES must be those of the map.
same()
{
    sort "$1" | diff map - >difference && return
    fail "$2"
    sed -n 's|^<|  only in lib/filelike.map:|p; s|^>|  not in lib/filelike.map: |p' difference
}

awk '
$2 == "{" { version = $1 }
/^ *[a-z_]+;$/ { sub(/;/, ""); print $1 "@" version }
' "$source/lib/filelike.map" | sort >map
test -s map || fail 'lib/filelike.map lists nothing'

# nm also prints the names of the versions, and a second @ for the default version.
exported()
{
    nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@@/, "@", $3); print $3 }'
}

if ! test -e "$library"; then
    echo 'skipped: the exports of the library: it is built as a static one only'
elif ! command -v nm >/dev/null; then
    echo 'skipped: the exports of the library: nm is not installed'
elif ! grep -q '^[^#]*-Wl,--version-script' "$config"; then
    echo 'skipped: the exports of the library: the linker takes no version script'
else
    exported >exports
    same exports 'the library exports other names'
fi

# A program may have functions of any other name. The compiler itself makes names with a dot.
if ! test -e "$archive"; then
    echo 'skipped: the names in the static library: it is built as a shared one only'
elif command -v nm >/dev/null; then
    nm "$archive" | sed -n 's/.* [A-TVX-Z] \([^.]*\)$/\1/p' | sort >global
    sed 's/@.*//' map | diff - global || fail 'the static library defines other names (above)'
fi

if test -d "$source/debian"; then
    awk -f "$source/debian/symbols.awk" "$source/lib/filelike.map" |
        sed -n 's/^ \(filelike_[a-z_]*@[^ ]*\) [0-9.]*$/\1/p' >debian
    same debian 'debian/symbols.awk makes a list of other names'
fi

test "$failures" -eq 0
