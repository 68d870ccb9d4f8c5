#!/bin/sh
# For "make installcheck", which sets the directories. The right files are installed, and no
# others. Programs build and run with the installed library as a user's would: with pkg-config,
# in C and in C++, with the shared library and with the static one.

set -u
export LC_ALL=C
: "$root" "$includedir" "$libdir" "$pkgconfigdir" "$man3dir" "$docdir"
source=$(cd "$srcdir" && pwd)
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

# ---- Files ----------------------------------------------------------------------------

functions=$(sed -n 's/^ *\(filelike_[a-z_]*\);$/\1/p' "$source/lib/filelike.map")

# libtool's own file names the libraries.
libraries()
{
    echo libfilelike.la
    sed -n "s/^library_names='\(.*\)'/\1/p; s/^old_library='\(.*\)'/\1/p" \
        "$root$libdir/libfilelike.la" | tr ' ' '\n' | sed '/^$/d'
}

documents()
{
    printf '%s\n' COPYING NEWS README
    if test -d "$root$docdir/html"; then
        (cd "$source" && basename -s .3 man/*.3) | sed 's|.*|html/&.html|'
        printf 'html/%s\n' chart.svg index.html style.css
    fi
    (cd "$source" && find examples -name '*.[ch]' -o -path '*/data/*')
}

expected_files()
{
    echo "$includedir/filelike.h"
    echo "$includedir/filelike_stdio.h"
    echo "$includedir/filelike/stdio/stdio.h"
    echo "$pkgconfigdir/filelike.pc"
    libraries | sed "s|^|$libdir/|"
    documents | sed "s|^|$docdir/|"
    { basename -a "$source"/man/*.3; printf '%s.3\n' $functions; } | sed "s|^|$man3dir/|"
}

if ! test -f "$root$libdir/libfilelike.la"; then
    echo "FAIL: there is no $root$libdir/libfilelike.la: make install comes first"
    exit 1
fi
expected_files | sort -u >expected
while read -r file; do
    test -s "$root$file" || fail "$file is missing, or empty"
done <expected
if test -n "$root"; then
    find "$root" ! -type d | sed "s|^$root||" | sort | comm -13 expected - >others
    test ! -s others || fail "these files do not belong there: $(cat others)"
fi

for page in $functions; do
    target=$(sed -n '1s|^\.so man3/||p' "$root$man3dir/$page.3")
    test -s "$root$man3dir/${target:-$page.3}" || fail "$page.3 leads to $target: no such page"
done

# ---- Programs -------------------------------------------------------------------------

# pkg-config also finds a library that is staged in a directory, or that lies where the
# compiler looks by itself.
export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_PATH="$root$pkgconfigdir"
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export LD_LIBRARY_PATH="$root$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

cp "$source/tests/support/installed.c" program.c
cp program.c program.cc
echo 'int main(void) { return 0; }' | tee empty.c >empty.cc

# The library's own flags are needed: it may be built for a sanitizer or another C library.
compile()
{
    # shellcheck disable=SC2086 # they are lists
    $compiler $CFLAGS "$@" $LDFLAGS
}

# try KIND [-static]: the program must use the library of this KIND.
try()
{
    # shellcheck disable=SC2046 # a list
    if ! compile -o program "program.$suffix" $(pkg-config --cflags --libs ${2+--static} filelike) \
        ${2+"$2"} || ! ./program "$(pkg-config --modversion filelike)"; then
        fail "$compiler, $1: does not build or run (above)"
        return
    fi
    used=static
    ! grep -q 'libfilelike\.so\.' program || used=shared
    test "$used" = "$1" || fail "$compiler, $1: the program uses the $used library"
    echo "ok: $compiler, $1"
}

# filelike.pc names a directory with a stdio.h. This header must replace fopen as
# filelike_stdio.h does.
try_replacing()
{
    printf '%s\n' '#include <stdio.h>' 'int main(void) { return fopen("memory:none", "r") != NULL; }' >replaced.c
    for way in "-I$root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=stdiodir filelike)" '-include filelike_stdio.h'; do
        # shellcheck disable=SC2046,SC2086 # lists
        if compile $way $(pkg-config --cflags filelike) -c replaced.c &&
            nm -u replaced.o | grep -q filelike_fopen; then
            echo "ok: $compiler, $way"
        else
            fail "$compiler, $way: does not replace fopen (above)"
        fi
    done
}

# C89 programs include the header, too.
try_old_header()
{
    echo '#include <filelike.h>' >old.c
    # shellcheck disable=SC2046 # a list
    if compile -std=c89 -fsyntax-only $(pkg-config --cflags filelike) old.c; then
        echo "ok: $compiler, the header in C89"
    else
        fail "$compiler: the header does not compile as C89 (above)"
    fi
}

try_kinds()
{
    if test -e "$root$libdir/libfilelike.so"; then
        try shared
    else
        echo "skipped: $compiler, shared: the library is installed as a static one only"
    fi
    if ! test -e "$root$libdir/libfilelike.a"; then
        echo "skipped: $compiler, static: the library is installed as a shared one only"
    elif ! compile -static -o empty "empty.$suffix" 2>/dev/null; then
        echo "skipped: $compiler, static: it makes no static programs with $CFLAGS"
    else
        try static -static
    fi
}

# Prints "glibc", or nothing.
c_library()
{
    printf '#include <stdio.h>\n#ifdef __GLIBC__\nglibc\n#endif\n' >library.$suffix
    compile -E library.$suffix | grep -x glibc
}

if ! command -v pkg-config >/dev/null; then
    echo "skipped: programs: pkg-config is not installed"
    test "$failures" -eq 0
    exit
fi
for place in bug_report vulnerability_report; do
    test -n "$(pkg-config --variable=$place filelike)" ||
        fail "pkg-config does not tell $place: configure.ac sets it"
done
suffix=c compiler=$CC
try_old_header
try_replacing
try_kinds
library=$(c_library)
suffix=cc compiler=g++
case $CC in
*clang*) compiler=clang++ ;;
*gcc*) compiler=${CC%%gcc*}g++${CC#*gcc} ;;
esac
if ! compile -o empty empty.cc 2>/dev/null; then
    echo "skipped: C++: $compiler is not installed, or does not work with $CFLAGS"
elif test "$(c_library)" != "$library"; then
    echo "skipped: C++: $compiler is for another C library than $CC"
else
    try_kinds
fi
test "$failures" -eq 0
