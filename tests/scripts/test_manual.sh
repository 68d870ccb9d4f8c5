#!/bin/sh
# Compares the manual with the library. Each function of the header is exported and has a page,
# and no other name is or has. The synopses and structures are the header's. Each example
# compiles without a warning, runs, prints what its page says, and leaves no file. mandoc's
# lint finds no fault.

set -u
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
: "${CC:=cc}" "${CFLAGS:=}" "${LDFLAGS:=}"
pages=$(grep -l '^\.Sh NAME' "$source"/man/*.3)
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

# The library's compiler and flags.
cc()
{
    # shellcheck disable=SC2086 # they are lists
    $CC $CFLAGS -I"$source/lib" "$@"
}

# same WHAT ONE OTHER HINT: the two lists of names must be equal.
same()
{
    diff "$2" "$3" >difference && return
    fail "$1: $4"
    sed -n 's/^</  only in the first: /p; s/^>/  only in the second:/p' difference
}

# ---- Names ----------------------------------------------------------------------------

# The header without its comments and the headers that it includes.
printf '#include <filelike.h>\n' >header.c
cc -E header.c | awk '/^# [0-9]/ { own = /filelike\.h"/; next } own' >header

# All functions except the inline one of FILELIKE_AUTO, which has no page of its own:
# filelike(3) names it.
tr '\n' ' ' <header | grep -o '[a-z_]*(' | grep '^filelike_' | tr -d '(' |
    grep -v '^filelike_auto_close$' | sort -u >names.header
sed -n 's/^ *\(filelike_[a-z_]*\);$/\1/p' "$source/lib/filelike.map" | sort >names.map
# shellcheck disable=SC2086 # a list; no path in it has spaces unless the source has
sed -n 's/^\.Nm \(filelike_[a-z_]*\)\( ,\)*$/\1/p' $pages | sort >names.manual
# shellcheck disable=SC2086
sed -n 's/^\.Fo \(filelike_[a-z_]*\)$/\1/p' $pages | sort >names.synopsis

test -s names.header || fail "no function found in lib/filelike.h"
grep -q '^\.Fn filelike_auto_close' "$source/man/filelike.3" ||
    fail "man/filelike.3 does not name filelike_auto_close"
same "lib/filelike.h and lib/filelike.map" names.header names.map \
    "declare and export the same functions"
same "lib/filelike.h and the NAME sections of man/" names.header names.manual \
    "name each function in the NAME section of one page"
same "the NAME and the SYNOPSIS sections of man/" names.manual names.synopsis \
    "show each function in the SYNOPSIS of its page, as .Fo NAME"

# The page of a name is its own file, or the file that its one line leads to.
page_of()
{
    for page in "$source/man/$1.3" "$build/man/$1.3"; do
        test -f "$page" && echo "$page" && return
    done
    return 1
}

check_page()
{
    if ! page=$(page_of "$1"); then
        fail "man/$1.3 is missing: name it in lib/filelike.map"
        return
    fi
    target=$(sed -n '1s|^\.so man3/||p' "$page")
    test -z "$target" || page=$source/man/$target
    grep -qx "\.Nm $1\( ,\)*" "$page" || fail "man/$1.3 leads to $page, which does not name it"
}

for name in filelike $(cat names.header); do
    check_page "$name"
done
# shellcheck disable=SC2086
grep -ho 'Xr filelike[a-z_]* 3' $pages | sort -u | cut -d ' ' -f 2 >references
while read -r name; do
    page_of "$name" >page || fail "a page refers to $name(3), which does not exist"
done <references

# ---- Declarations ---------------------------------------------------------------------

# Each prototype of a SYNOPSIS as C. If it differs, it does not compile beside the header.
# shellcheck disable=SC2086
{
    cat header.c
    awk '
    function text(line) { sub(/^\.F[ta] /, "", line); gsub(/"/, "", line); return line }
    /^\.Ft / { type = text($0) }
    /^\.Fo / { printf "%s %s(", type, $2; count = 0 }
    /^\.Fa / && type != "" { printf "%s%s", count++ ? ", " : "", text($0) }
    /^\.Fc$/ { print ");"; type = "" }
    ' $pages
} >prototypes.c
cc -Wall -Wextra -Werror -c prototypes.c || fail "a SYNOPSIS is not what lib/filelike.h declares"

# members STRUCTURE FILE: prints them in order.
members()
{
    sed -n "/^typedef struct $1 {/,/^} $1;/p" "$2" | tr -s ' ' | sed '/^ *$/d'
}

# shows STRUCTURE PAGE: the page must show it as the header does.
shows()
{
    members "$1" "$source/man/$2.3" | sed 's/\\(aq/'\''/g' >manual.c
    cc -E manual.c | grep -v '^#' >manual
    members "$1" header >members.header
    members "$1" manual >members.manual
    same "struct $1 in lib/filelike.h and man/$2.3" members.header members.manual \
        "show the structure as it is"
}
shows filelike_options filelike
shows filelike_operations filelike_custom

# Each constant that a page names.
# shellcheck disable=SC2086
{
    printf '#include <errno.h>\n'
    cat header.c
    printf 'const unsigned long long all[] = {\n'
    sed -n 's/^\.\(It Bq \)*Er //p' $pages | tr -c 'A-Z0-9\n' '\n' | sort -u | sed '/./s/$/,/'
    sed -n 's/^.*Dv \(FILELIKE_[A-Z_]*\).*/\1/p' $pages | grep -v AUTO | sort -u | sed 's/$/,/'
    printf '};\n'
} >constants.c
cc -c constants.c || fail "a page names a constant that does not exist"

# ---- Examples -------------------------------------------------------------------------

# A comment before a block of a page says what the block is:
#   .\" example: NAME [flags FLAG...] [status STATUS]
#   .\" input: NAME                    (of the program, else empty)
#   .\" output: NAME [FILE]            (that it prints, or that FILE holds then)
#   .\" from: FILE                     (a part of FILE, which other tests compile and run)
cat >extract.awk <<'AWK'
function fail(message)
{
    printf "%s:%d: %s\n", FILENAME, FNR, message
    failed = 1
}
function plain(line)
{
    gsub(/\\e/, "\001", line)
    gsub(/\\-/, "-", line)
    gsub(/\\\(aq/, "'", line)
    gsub(/\\&/, "", line)
    if (line ~ /\\/)
        fail("an escape that the test does not know")
    gsub("\001", "\\", line)
    return line
}
/^\.Sh / { section = $0 }
/^\.\\" example: / {
    print $3 > "examples"
    file = $3 ".c"
    $1 = $2 = $3 = ""
    print > (file ".options")
    next
}
/^\.\\" input: / { file = $3 ".input"; next }
/^\.\\" output: / {
    file = $3 ".wanted"
    if (NF > 3)
        print $4 > ($3 ".file")
    next
}
/^\.\\" from: / { file = "part-" ++parts; print $3 > (file ".from"); next }
/^\.Bd -literal/ {
    inside = 1
    if (file == "" && section == ".Sh EXAMPLES")
        fail("code that nothing tests: put .\\\" example: NAME before it")
    next
}
/^\.Ed/ { inside = 0; file = ""; next }
inside && file != "" { print plain($0) > file }
END { exit failed }
AWK

# option NAME WORD: prints the text after WORD in the example's comment, up to the next word.
option()
{
    sed -n "s/.* $2 //p" "$1.c.options" | sed 's/ status .*//; s/ flags .*//'
}

# The examples get the compiler's default feature test macros, whatever the library was built
# with.
compile()
{
    # shellcheck disable=SC2046,SC2086 # they are lists
    "$build/libtool" --quiet --tag=CC --mode=link $CC $CFLAGS -std=gnu11 -I"$source/lib" \
        -Wall -Wextra -Werror -o "$1" "$1.c" $(option "$1" flags) $LDFLAGS -no-install \
        "$build/lib/libfilelike.la"
}

run()
{
    wanted=$(option "$1" status)
    test -f "$1.input" || : >"$1.input"
    (
        cd directory || exit 99
        TMPDIR=$scratch/temporary "../$1" <"../$1.input" >"../$1.printed"
        exit $?
    ) 2>"$1.errors"
    status=$?
    test "$status" -eq "${wanted:-0}" && return
    cat "$1.errors"
    fail "$page: example $1 ends with status $status, not ${wanted:-0}"
}

check_output()
{
    test -f "$1.wanted" || return
    printed=$1.printed
    test ! -f "$1.file" || printed=directory/$(cat "$1.file")
    diff -u "$1.wanted" "$printed" || fail "$page: example $1 has another output than its page shows (see above)"
}

check_leftovers()
{
    left=$(ls -A temporary && cd directory && ls -d .[!.]* 2>/dev/null)
    test -z "$left" || fail "$page: example $1 leaves files behind: $left"
}

check_example()
{
    case $(option "$1" flags) in
    *--wrap*)
        if grep -q "^dlname=''" "$build/lib/libfilelike.la"; then
            echo "skipped: $page: example $1: it needs the shared library"
            return
        fi
        ;;
    esac
    compile "$1" || { fail "$page: example $1 does not compile"; return; }
    rm -rf directory temporary
    mkdir directory temporary
    run "$1"
    check_output "$1"
    check_leftovers "$1"
}

# Whether the second file contains the lines of the first, one after the other.
has_lines()
{
    awk '
    NR == FNR { wanted[++count] = $0; next }
    { lines[++total] = $0 }
    END {
        for (start = 0; start + count <= total; start++) {
            for (i = 1; i <= count && lines[start + i] == wanted[i]; i++) { }
            if (i > count) exit 0
        }
        exit 1
    }' "$1" "$2"
}

check_parts()
{
    for from in part-*.from; do
        test -e "$from" || break
        has_lines "${from%.from}" "$source/$(cat "$from")" ||
            fail "$page: quotes $(cat "$from"), which has other lines"
        count=$((count + 1))
    done
}

count=0
for page in $pages; do
    rm -f part-*
    : >examples
    awk -f extract.awk "$page" || fail "$page: its examples cannot be read (above)"
    page=man/${page##*/}
    test -s examples || fail "$page has no example"
    while read -r example; do
        check_example "$example"
        count=$((count + 1))
    done <examples
    check_parts
done

# ---- Lint -----------------------------------------------------------------------------

if command -v mandoc >/dev/null; then
    # shellcheck disable=SC2086
    mandoc -T lint -W warning $pages >complaints 2>&1
    grep -v 'outdated mandoc.db' complaints && fail "mandoc -T lint complains (above)"
else
    echo "skipped: the lint of the pages: mandoc is not installed"
fi

echo "$(wc -l <names.header) functions, $count examples, $failures failures"
test "$failures" -eq 0 || exit 1
