#!/bin/bash
# Runs command lines of other people's programs, unmodified, with preload.so. Their files are
# then streams of this library: in memory, spooled with a tiny limit, atomic, or under names of
# filelike_fopen. Their output, their status and every file must be the same as without it,
# byte by byte. For "make check-programs".
#
# lines.txt tells which way a program cannot use: PACKAGE !WAY.
#
# usage: PRELOAD=... run.sh [WORD]     PRELOAD is for LD_PRELOAD; WORD: only lines with it
#
# A line that opens no file proves nothing, so it fails. The atomic way is an exception: files
# that are only read are fopen's there. A program that is not installed is skipped. The script
# ends with "ok" and status 0 if everything is the same.

set -u
preload=$PRELOAD only=${1-}
here=$(cd "$(dirname "$0")" && pwd) || exit 99
# shellcheck source=tests/programs/inputs.sh
. "$here/inputs.sh"
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1580608922
limit_seconds=20 limit_kilobytes=32768 shown_lines=12
ways=(memory spooled atomic names)

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
scratch=$(cd "$scratch" && pwd -P) || exit 99

# ---- One run --------------------------------------------------------------------------

# run_in ROOM KIND WAY COMMAND: runs the command in ROOM/run, with fresh inputs. Afterwards
# ROOM/KIND holds everything to compare. WAY is empty without the preload library.
run_in()
{
    local room=$1 kind=$2 way=$3 command=$4 with=()
    rm -rf "$room/run" "$room/tmp" "${room:?}/$kind"
    mkdir "$room/tmp" "$room/$kind" && cp -a "$scratch/inputs" "$room/run" || return
    test -z "$way" || with=(PROGRAMS_WAY="$way" PROGRAMS_DIR="$room" PROGRAMS_LOG="$room/log" LD_PRELOAD="$preload")
    : >"$room/log"
    (
        cd "$room/run" && ulimit -c 0 -f "$limit_kilobytes" &&
            HOME=$room/home TMPDIR=$room/tmp timeout --kill-after=5 "$limit_seconds" \
                env "${with[@]}" bash -c "$command" </dev/null >"$room/$kind/output" 2>"$room/$kind/errors"
        echo "$?" >"$room/$kind/status"
    ) 2>/dev/null
    mv "$room/run" "$room/$kind/files"
    mv "$room/tmp" "$room/$kind/temporary"
    (cd "$room/$kind" && find files temporary -printf '%P %y %m\n' | sort >modes)
}

# ---- One line, in each way ------------------------------------------------------------

# complain ROOM TEXT FILE: shows a part of the file.
complain()
{
    echo "FAIL: $2" >>"$1/said"
    head -n "$shown_lines" "$3" | cut -c 1-200 | sed 's/^/    | /' >>"$1/said"
}

# try_way ROOM WAY COMMAND: adds the number of opened files to "counts".
try_way()
{
    local room=$1 way=$2 command=$3 opened
    run_in "$room" "$way" "$way" "$command"
    opened=$(grep -c '^opened' "$room/log")
    counts="$counts $way $opened"
    if ! diff -r "$room/plain" "$room/$way" >"$room/difference" 2>&1; then
        complain "$room" "$way: $command" "$room/difference"
    elif grep '^FAILED' "$room/log" >"$room/difference"; then
        complain "$room" "$way: $command" "$room/difference"
    elif test "$opened" -eq 0 && test "$way" != atomic; then
        complain "$room" "$way: $command: no file was opened" /dev/null
    fi
    rm -rf "${room:?}/$way"
}

# try_line ROOM PACKAGE COMMAND: after PACKAGE, a ! precedes each way to leave out.
try_line()
{
    local room=$1 package=$2 command=$3 counts='' way failures
    if ! command -v "${command%% *}" >/dev/null; then
        echo "skipped: ${package%% *} is not installed: $command" >>"$room/said"
        return
    fi
    failures=$(grep -c ^FAIL "$room/said")
    run_in "$room" plain '' "$command"
    for way in "${ways[@]}"; do
        case $package in
        *"!$way"*) counts="$counts $way left out" ;;
        *) try_way "$room" "$way" "$command" ;;
        esac
    done
    rm -rf "$room/plain"
    test "$(grep -c ^FAIL "$room/said")" -ne "$failures" ||
        echo "ok: $command (opened:$counts)" >>"$room/said"
}

# work NUMBER OF: runs every OF-th line.
work()
{
    local room=$scratch/room$1 number=0 package command
    mkdir "$room" "$room/home"
    : >"$room/said"
    while IFS= read -r line; do
        package=${line%%: *} command=${line#*: }
        test $((number++ % $2)) -ne "$1" || try_line "$room" "$package" "$command" </dev/null
    done <"$scratch/lines"
}

# ---- All of them ----------------------------------------------------------------------

grep -v '^#' "$here/lines.txt" | grep . | grep -F -e "$only" >"$scratch/lines"
make_inputs "$scratch/inputs"
workers=$(nproc)
for ((worker = 0; worker < workers; worker++)); do
    work "$worker" "$workers" &
done
wait
cat "$scratch"/room*/said
same=$(cat "$scratch"/room*/said | grep -c '^ok:')
failed=$(cat "$scratch"/room*/said | grep -c '^FAIL:')
skipped=$(cat "$scratch"/room*/said | grep -c '^skipped:')
echo "command lines: $same the same in all ways, $skipped skipped; $failed runs differ"
test "$failed" -eq 0 && test "$same" -gt 0
