#!/bin/sh
# Counts the instructions of fixed works in the library's own object, under callgrind, and
# compares them with a list. The noise of a machine does not change these numbers, so it cannot
# hide a regression.
#
# usage: bench/instructions.sh LIST      compares: more than 3 % above the list fails
#        bench/instructions.sh --write LIST
#
# It runs in the directory of the build; make bench-instructions does it. The list begins with
# its compiler and C library. With others the script skips.
set -eu
export LC_ALL=C
MOST_PERCENT=3

write=no
test "$1" != --write || { write=yes; shift; }
list=$1
program=bench/.libs/instructions
library=lib/.libs/libfilelike.so

skip()
{
    echo "skipped: $*"
    exit 77
}

command -v valgrind >/dev/null || skip 'valgrind is not installed (Debian: valgrind)'
test -e "$library" && test -x "$program" || skip 'the library is built as a static one only'

# glibc chooses the same functions on every processor.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=2048
export LD_LIBRARY_PATH="$PWD/lib/.libs"

built_with()
{
    echo "with: $(${CC:-gcc} --version | head -n 1); $(getconf GNU_LIBC_VERSION); $(uname -m); ${CFLAGS-}"
}

# Prints the sum of the costs that callgrind.out gives to functions of the library's object.
# The line after "calls=" is the cost of the whole call; the called function counts it. The
# first "ob=" or "cob=" of an object gives its name, later ones only a number.
in_library()
{
    awk '
    /^c?ob=/ {
        name = $0
        sub(/^c?ob=/, "", name)
        number = name
        if (match(name, /^\([0-9]+\)/)) {
            number = substr(name, 1, RLENGTH)
            if (length(name) > RLENGTH)
                ours[number] = name ~ /libfilelike\.so/
        }
        if (/^ob=/)
            on = ours[number]
        next
    }
    /^calls=/ { getline; next }
    /^[0-9+*-]/ && on { sum += $2 }
    END { printf "%d\n", sum }
    ' "$1"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

count_all()
{
    built_with
    for name in $("$program" --list); do
        valgrind --quiet --tool=callgrind --callgrind-out-file="$work/$name" "$program" "$name"
        echo "$name $(in_library "$work/$name")"
    done
}

count_all >"$work/counted"
if test "$write" = yes; then
    cp "$work/counted" "$list"
    cat "$list"
    exit
fi
if test "$(head -n 1 "$list")" != "$(head -n 1 "$work/counted")"; then
    echo "the list: $(head -n 1 "$list")"
    echo "here:     $(head -n 1 "$work/counted")"
    skip 'the list was counted with another compiler or C library'
fi
awk -v most="$MOST_PERCENT" '
NR == FNR { listed[$1] = $2; next }
FNR > 1 {
    if (!($1 in listed)) {
        printf "%s is not in the list; make bench-instructions-list writes it anew\n", $1
        status = 1
        next
    }
    percent = 100 * ($2 - listed[$1]) / listed[$1]
    printf "%-14s %12d instructions, %+.1f %%\n", $1, $2, percent
    if (percent > most) {
        printf "%s takes more than %s %% more than listed\n", $1, most
        status = 1
    }
}
END { exit status }
' "$list" "$work/counted"
