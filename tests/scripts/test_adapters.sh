#!/bin/sh
# Runs the examples of streams on other libraries' data, and on a program's output. Checks the
# results, and the files that remain after a failure. tests/system/test_download.c runs the
# example that downloads.

set -u
examples=$PWD/examples
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
mkdir temporary work && cd work || exit 99
export TMPDIR="$scratch/temporary" LC_ALL=C
failures=0

fail()
{
    echo "FAIL: $1"
    failures=$((failures + 1))
}

# built NAME PACKAGE
built()
{
    test -x "$examples/$1" && return
    echo "skipped: examples/$1: configure has not found $2"
    return 1
}

# expect NAME STATUS COMMAND...: given ../input, it must print what is in ../wanted.
expect()
{
    name=$1 status=$2
    shift 2
    "$@" <../input >../said 2>&1
    got=$?
    if test "$got" -ne "$status"; then
        cat ../said
        fail "$name: exit status $got, not $status"
    elif ! diff -u ../wanted ../said; then
        fail "$name: the output differs (see above)"
    elif test -n "$(ls -A "$TMPDIR")"; then
        fail "$name: files left behind: $(ls -A "$TMPDIR")"
    else
        echo "ok: $name"
    fi
}

# left NAME FILE...: the directory holds these files only.
left()
{
    name=$1
    shift
    there=$(find . ! -name . -printf '%f\n' | sort | tr '\n' ' ')
    test "$there" = "$*${*:+ }" || fail "$name: files left behind: $there"
}

# with_little_room COMMAND...: no file may exceed 16 blocks of 512 or 1024 bytes.
with_little_room()
{
    (trap '' XFSZ && ulimit -f 16 && exec "$@")
}

: >../input

# ---- csv_gz ---------------------------------------------------------------------------

if built csv_gz zlib; then
    seq 5000 | sed 's/.*/item &,&/' >../input
    : >../wanted
    expect 'a table packed' 0 "$examples/csv_gz" pack table.csv.gz
    left 'a table packed' table.csv.gz
    gzip -dc table.csv.gz | cmp - ../input || fail 'a table packed: another table'
    echo 12502500 >../wanted
    expect 'its sum' 0 "$examples/csv_gz" sum table.csv.gz
    cat table.csv.gz table.csv.gz >two.csv.gz
    echo 25005000 >../wanted
    expect 'the sum of two in one file' 0 "$examples/csv_gz" sum two.csv.gz
    rm two.csv.gz

    cp table.csv.gz ../before
    echo 'no row' >>../input
    cat >../wanted <<END
csv_gz: standard input:5001: not NAME,AMOUNT
Mend the line and pack again; table.csv.gz is as it was.
END
    expect 'a bad row' 1 "$examples/csv_gz" pack table.csv.gz
    cmp table.csv.gz ../before || fail 'a bad row: the file has changed'
    rm table.csv.gz
    expect 'a bad row in a new table' 1 "$examples/csv_gz" pack table.csv.gz
    left 'a bad row in a new table'

    # The data cannot be compressed.
    awk 'BEGIN { for (i = 0; i < 50000; i++) printf "%d,%d\n", rand() * 1e9, rand() * 1e9 }' \
        >../input
    cat >../wanted <<END
csv_gz: table.csv.gz: not written: File too large
Make room and pack again; the file is as it was.
END
    expect 'a lost write' 1 with_little_room "$examples/csv_gz" pack table.csv.gz
    left 'a lost write'

    head -c 2000 ../before >short.gz
    cat >../wanted <<END
csv_gz: short.gz: not read: Bad message
The file is cut off or damaged: fetch it again.
END
    expect 'a file that is cut off' 1 "$examples/csv_gz" sum short.gz
    { head -c 1000 ../before; echo bad; tail -c +1005 ../before; } >bad.gz
    sed -i 's/short/bad/' ../wanted
    expect 'a damaged file' 1 "$examples/csv_gz" sum bad.gz
    cat >../wanted <<END
csv_gz: missing/table.csv.gz: cannot be written: No such file or directory
Give a path in a directory that exists and may be written.
END
    expect 'no directory' 1 "$examples/csv_gz" pack missing/table.csv.gz
    rm -f ./*
fi

# ---- tee_hash -------------------------------------------------------------------------

if built tee_hash Nettle; then
    seq 100000 >../input
    (cd .. && sha256sum input) | sed 's/input/stored/' >../wanted
    expect 'stored and hashed' 0 "$examples/tee_hash" stored
    cmp stored ../input || fail 'stored and hashed: something else is stored'
    : >../input
    (cd .. && sha256sum input) | sed 's/input/stored/' >../wanted
    expect 'nothing, stored and hashed' 0 "$examples/tee_hash" stored
    left 'stored and hashed' stored

    seq 100000 >../input
    cat >../wanted <<END
tee_hash: stored: not stored: File too large
Make room and try again; the file is as it was.
END
    expect 'no room' 1 with_little_room "$examples/tee_hash" stored
    left 'no room' stored
    test -s stored && fail 'no room: the file has changed'
    rm -f ./*
fi

# ---- tar_members ----------------------------------------------------------------------

if built tar_members libarchive; then
    mkdir ../files ../files/directory
    seq 1000 >../files/numbers
    : >../files/empty
    long=directory/$(printf '%095d' 0)
    printf 'one line' >"../files/$long"
    tar -C ../files -cf archive.tar numbers empty directory
    cat >../wanted <<END
1000 lines, 3893 bytes: numbers
0 lines, 0 bytes: empty
0 lines, 8 bytes: $long
END
    expect 'members of an archive' 0 "$examples/tar_members" archive.tar
    for format in ustar pax; do
        tar -C ../files --format=$format -cf archive.tar numbers empty directory 2>/dev/null ||
            continue
        expect "members of a $format archive" 0 "$examples/tar_members" archive.tar
    done
    : >../wanted
    tar -cf archive.tar -T /dev/null
    expect 'an empty archive' 0 "$examples/tar_members" archive.tar
    cat >../wanted <<END
tar_members: missing.tar: No such file or directory
Give an archive of tar that is not compressed.
END
    expect 'no archive' 1 "$examples/tar_members" missing.tar
    seq 1000 >archive.tar
    "$examples/tar_members" archive.tar >/dev/null 2>&1 && fail 'what is no archive'
    rm -f ./*
fi

# ---- capture_test ---------------------------------------------------------------------

printf '1..1\nok 1 - the shopping list is sorted\n' >../wanted
expect 'what a function prints' 0 "$examples/capture_test"
mkdir ../programs
printf '#!/bin/sh\ncat\n' >../programs/sort
chmod 755 ../programs/sort
printf '1..1\nnot ok 1 - the shopping list is sorted\n' >../wanted
PATH="$scratch/programs:$PATH" expect 'a bug in it' 1 "$examples/capture_test"
left 'what a function prints'

test "$failures" -eq 0
