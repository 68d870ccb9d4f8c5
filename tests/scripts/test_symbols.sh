#!/bin/sh
# The names that the library has ever exported, listed in lib/filelike.abi with the version
# that each came with: lib/filelike.map, the library that was built and Debian's list have
# the same. (tests/scripts/test_manual.sh compares the map with the header and the manual.)

set -u
export LC_ALL=C
library=$PWD/lib/.libs/libfilelike.so
config=$PWD/Makefile
source=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# same NAMES WHAT HINT: those in the file NAMES, against those listed.
same()
{
    sort "$1" | diff "$source/lib/filelike.abi" - >difference && return
    fail "$2: $3"
    sed -n 's|^<|  only in lib/filelike.abi:|p; s|^>|  not in lib/filelike.abi: |p' difference
}

test -s "$source/lib/filelike.abi" || fail 'lib/filelike.abi lists nothing'
sort -c "$source/lib/filelike.abi" || fail 'lib/filelike.abi is not sorted'

awk '
$2 == "{" { version = $1 }
/^ *[a-z_]+;$/ { sub(/;/, ""); print $1 "@" version }
' "$source/lib/filelike.map" >map
same map lib/filelike.map \
    'a name is never removed; a new one goes to both, in a new version'

# What nm adds: the names of the versions themselves, and a second @ for the default one.
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
    same exports lib/libfilelike.la 'export what lib/filelike.map has, and nothing else'
fi

if test -d "$source/debian"; then
    sed -n 's/^ \(filelike_[a-z_]*@[^ ]*\) .*/\1/p' "$source/debian/libfilelike0.symbols" >debian
    same debian debian/libfilelike0.symbols \
        'add each name, with the release that it came with'
fi

test "$failures" -eq 0
