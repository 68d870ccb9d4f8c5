#!/bin/sh
# Installs into a directory, tests the installed files, and uninstalls. No file may remain.

set -u
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
failures=0

# The options of the make that runs this test must not reach the makes that it starts.
unset MAKEFLAGS MFLAGS MAKELEVEL

run()
{
    make "$1" DESTDIR="$scratch/root" >"$scratch/said" 2>&1 && return
    cat "$scratch/said"
    echo "FAIL: make $1"
    failures=$((failures + 1))
}

run install
run installcheck
grep -E '^(ok|skipped):' "$scratch/said"
run uninstall
left=$(find "$scratch/root" ! -type d; find "$scratch/root" -path '*/doc/filelike*')
if test -n "$left"; then
    echo "FAIL: make uninstall leaves this behind:"
    echo "$left"
    failures=$((failures + 1))
fi
test "$failures" -eq 0
