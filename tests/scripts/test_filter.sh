#!/bin/sh
# Runs the example of spooled streams: its output, the place of the bytes, and its messages
# when there is no room for them.

set -u
filter=$PWD/examples/filter_spooled
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
mkdir temporary
export TMPDIR="$scratch/temporary" LC_ALL=C
failures=0

# expect NAME STATUS COMMAND...: from "input" it must write what is in "output" and print what
# is in "wanted". No temporary file may remain.
expect() {
    name=$1 status=$2
    shift 2
    "$@" <input >made 2>said
    got=$?
    before=$failures
    test "$got" -eq "$status" || failures=$((failures + 1))
    cmp output made && diff -u wanted said || failures=$((failures + 1))
    test -z "$(ls -A temporary)" || failures=$((failures + 1))
    if test "$failures" -eq "$before"; then
        echo "ok: $name"
    else
        echo "FAIL: $name: see above (exit status $got, left behind: $(ls -A temporary))"
    fi
}

printf 'one\nthree\n\ntwo' >input
printf '  one\nthree\n     \n  two\n' >output
printf 'input: 14 bytes in memory\noutput: 24 bytes in memory\n' >wanted
expect 'a few lines, in memory' 0 "$filter"
printf 'input: 14 bytes on disk\noutput: 24 bytes on disk\n' >wanted
expect 'the same without memory' 0 "$filter" 0

: >input
: >output
printf 'input: 0 bytes in memory\noutput: 0 bytes in memory\n' >wanted
expect 'nothing' 0 "$filter"

seq 300000 >input
seq 300000 | awk '{ printf "%6s\n", $0 }' >output
printf 'input: %d bytes on disk\noutput: %d bytes on disk\n' \
    "$(wc -c <input)" "$(wc -c <output)" >wanted
expect 'more than memory may hold' 0 "$filter"
sed -i 's/on disk/in memory/' wanted
expect 'the same within a larger bound' 0 "$filter" 8192

# No file may exceed 64 blocks of 512 or 1024 bytes. So the move to disk succeeds, and the room
# ends later. Input and output go through pipes.
no_room() {
    (
        trap '' XFSZ
        ulimit -f 64
        "$filter" 16 2>&1
        echo "exit status $?"
    ) | cat
}
: >output
: >wanted
cat >output <<'END'
filter_spooled: the standard input is not read: File too large
Make room on the disk, or name a directory with more of it in TMPDIR.
exit status 1
END
expect 'no room' 0 no_room

: >output
cat >wanted <<'END'
filter_spooled: '64k' is no number of KiB
usage: filter_spooled [KIBIBYTES] <text
END
expect 'no number' 1 "$filter" 64k

test "$failures" -eq 0
