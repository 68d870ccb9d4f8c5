#!/bin/sh
# Runs the examples of code that opens its own files. The data that it exports to a path and
# imports from one is in memory. No file is written, or even opened for writing.

set -u
programs=$PWD/examples/legacy
libtool=$PWD/libtool
legacy=$(cd "${srcdir:-.}" && pwd)/examples/legacy
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
mkdir work temporary && cd work || exit 99
export TMPDIR="$scratch/temporary" LC_ALL=C
failures=0

fail() {
    echo "FAIL: $1"
    failures=$((failures + 1))
}

# same NAME: the program's output must be what is in "wanted".
same() {
    if diff -u ../wanted ../said; then echo "ok: $1"; else fail "$1: the output differs (see above)"; fi
}

# expect NAME STATUS COMMAND...: errors come last in its output.
expect() {
    name=$1 status=$2
    shift 2
    "$@" >../said 2>../errors
    got=$?
    cat ../errors >>../said
    test "$got" -eq "$status" || fail "$name: exit status $got, not $status"
    same "$name"
}

# expect_files NAME FILES: only these files may lie here, and no temporary file.
expect_files() {
    files=$(echo * "$TMPDIR"/*)
    test "$files" = "$2 $TMPDIR/*" || fail "$1: these files are there: $files"
}

report='product;count;price
apple;12;0.45
pear;3;1.20
plum, dried;1;19.99'

# wants PATH: the report as it was exported to PATH and imported again.
wants() {
    printf '%s bytes at %s:\n%s\nimported: 3 sales, 28.99 in all\n' \
        "$(printf '%s\n' "$report" | wc -c)" "$1" "$report" >../wanted
}

# ---- Nothing on disk ------------------------------------------------------------------

# No file may grow to even one byte, not even a memory file of the kernel: the signal would
# kill the program.
write_no_file() {
    wants memory:report
    (
        ulimit -f 0
        "$program" 2>&1
        echo "exit status $?"
    ) | cat >../said
    echo 'exit status 0' >>../wanted
    same "$1: with files limited to nothing"
    expect_files "$1: with files limited to nothing" '*'
}

# These system calls open a file for writing, make one or remove one. A memory file of the
# kernel may be made, and, if the bytes are not watched, opened by its descriptor.
changes='O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE'
changes="$changes|^[0-9]+ +(creat|memfd_create|mk[a-z]+|rename[a-z0-9]*|(sym|un)?link(at)?)\\("
own_memory='memfd_create|"/proc/self/fd/[0-9]+"'
open_no_file() {
    if ! strace -o /dev/null true 2>/dev/null; then
        echo "skipped: $1: system calls: strace is not installed, or may not trace"
        return
    fi
    # libtool may have put a script in the program's place, whose shell opens files, so the
    # program itself is traced. A sanitizer cannot look for leaks while it is traced.
    ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" "$libtool" --mode=execute \
        strace -f -e trace=file,memfd_create -o ../calls "$program" \
        >../said 2>&1 || fail "$1: fails under strace"
    grep -Eq ' open(at)?\(' ../calls || fail "$1: nothing was traced"
    if test "$1" = by_header; then
        grep -Ev "$own_memory" ../calls >../others
        mv ../others ../calls
    fi
    if grep -E "$changes" ../calls; then
        fail "$1: opens files for writing (see above)"
    else
        echo "ok: $1: no system call makes a file"
    fi
}

# ---- Files where they are wanted ------------------------------------------------------

write_files() {
    wants report.csv
    expect "$1: a file" 0 "$program" report.csv
    printf '%s\n' "$report" | cmp - report.csv || fail "$1: report.csv differs"

    wants atomic:report.csv
    echo old >report.csv
    expect "$1: a file replaced whole" 0 "$program" atomic:report.csv
    printf '%s\n' "$report" | cmp - report.csv || fail "$1: report.csv differs"
    expect_files "$1" report.csv
    rm report.csv
}

# ---- The legacy code's own words ------------------------------------------------------

complain() {
    wants memory:report
    sed -i '$d' ../wanted
    echo 'memory:other: cannot be read: No such file or directory
Name a report that is there.' >>../wanted
    expect "$1: no such name" 1 "$program" memory:report memory:other

    sed -i '/^memory:other/,$d' ../wanted
    echo "bad.csv:3: is not PRODUCT;COUNT;PRICE: mend it" >>../wanted
    printf 'product;count;price\napple;1;0.50\npear;two;0.50\n' >bad.csv
    expect "$1: a bad line" 1 "$program" memory:report bad.csv
    rm bad.csv

    echo 'missing/report: cannot be written: No such file or directory
Name another path.' >../wanted
    expect "$1: no such directory" 1 "$program" missing/report
    expect_files "$1" '*'
}

# The legacy code removes the incomplete report, which is a real file here.
remove_what_failed() {
    echo 'report.csv: is not complete, and removed: File too large
Make room for it.' >../wanted
    (
        trap '' XFSZ
        ulimit -f 0
        "$program" report.csv 2>&1 >/dev/null
    ) | cat >../said
    same "$1: no room"
    expect_files "$1: no room" '*'
}

# ---- A bound --------------------------------------------------------------------------

# musl has another message for ENOMEM.
in_words_of_glibc() {
    "$@" 2>../words
    set -- $?
    sed 's/Out of memory/Cannot allocate memory/' ../words >&2
    return "$1"
}

# keep_no_more WAY VARIABLE ERROR: bytes that do not fit are not kept, and the legacy code sees
# the failure.
keep_no_more() {
    echo "memory:report: is not complete, and removed: $3
Make room for it." >../wanted
    expect "$1: more than $2" 1 in_words_of_glibc env "$2=40" "$program"
    expect_files "$1: more than $2" '*'
}

if grep -l filelike "$legacy"/report.[ch]; then
    fail "the legacy code knows of the library (above)"
fi
for way in by_header by_linker; do
    program=$programs/$way
    expect_files "$way: at first" '*'
    open_no_file $way
    write_files $way
    complain $way
    remove_what_failed $way
done
# The shim of by_linker sets a limit, so the library watches the bytes.
write_no_file by_linker
keep_no_more by_linker REPORT_LIMIT 'File too large'
keep_no_more by_linker REPORT_MEMORY 'Cannot allocate memory'

test "$failures" -eq 0
