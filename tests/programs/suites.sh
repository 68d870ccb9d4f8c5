#!/bin/bash
# Runs the test suites of m4 and ed, from their sources, on the installed programs with
# preload.so, in each of its ways (see run.sh). Their output must be the same as without it.
# For "make check-programs".
#
# usage: PRELOAD=... suites.sh [SOURCES]     SOURCES/m4 and SOURCES/ed are their source trees

set -u
preload=$PRELOAD sources=$(cd "${1:-/nonexistent}" 2>/dev/null && pwd)
export LC_ALL=C
limit_seconds=120 shown_lines=20
ways=(memory spooled atomic names)
failures=0

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
scratch=$(cd "$scratch" && pwd -P) || exit 99

# ---- The suites: each in a directory of its own ---------------------------------------

# The examples of m4's manual. One depends on the shell; Debian leaves it out, too.
suite_m4()
{
    cp -r "$sources/m4/checks" "$sources/m4/examples" . && cd checks && rm 198.sysval &&
        ./check-them -I ../examples [0-9]*.*
}

suite_ed()
{
    cp "$(command -v ed)" ed && "$sources/ed/testsuite/check.sh" "$sources/ed/testsuite" installed
}

# ---- Running them ---------------------------------------------------------------------

# run_suite NAME KIND WITH...: writes the output to the file KIND.
run_suite()
{
    local name=$1 kind=$2
    shift 2
    rm -rf "$scratch/work" "$scratch/log"
    mkdir "$scratch/work" && : >"$scratch/log"
    export -f "suite_$name"
    export sources
    (cd "$scratch/work" && timeout --kill-after=5 "$limit_seconds" env "$@" bash -c "suite_$name"
        echo "status $?") 2>&1 | sed 's/m4-tmp\.[0-9]*/m4-tmp/g' >"$scratch/$kind"
}

fail()
{
    echo "FAIL: $1"
    head -n "$shown_lines" "$2" | cut -c 1-200 | sed 's/^/    | /'
    failures=$((failures + 1))
}

try_way()
{
    local name=$1 way=$2 opened
    run_suite "$name" "$way" PROGRAMS_WAY="$way" PROGRAMS_DIR="$scratch/work" PROGRAMS_LOG="$scratch/log" LD_PRELOAD="$preload"
    opened=$(grep -c "^opened $way $name" "$scratch/log")
    if ! diff "$scratch/plain" "$scratch/$way" >"$scratch/difference"; then
        fail "the suite of $name, $way" "$scratch/difference"
    elif grep '^FAILED' "$scratch/log" >"$scratch/difference"; then
        fail "the suite of $name, $way" "$scratch/difference"
    elif test "$opened" -eq 0; then
        fail "the suite of $name, $way: no file was opened" /dev/null
    else
        echo "ok: the suite of $name, $way (opened: $opened)"
    fi
}

try_suite()
{
    local name=$1 way
    if ! command -v "$name" >/dev/null || ! test -d "$sources/$name"; then
        echo "skipped: the suite of $name: $name is not installed, or SOURCES has no source of it"
        return
    fi
    run_suite "$name" plain -u LD_PRELOAD
    if ! grep -qx 'status 0' "$scratch/plain"; then
        fail "the suite of $name fails without the library" "$scratch/plain"
        return
    fi
    for way in "${ways[@]}"; do
        try_way "$name" "$way"
    done
}

try_suite m4
try_suite ed
test "$failures" -eq 0
