#!/bin/sh
# Static analysis of lib/ by gcc, clang-tidy and cppcheck, as far as they are installed, and of
# the plain examples by gcc. A finding is a failure. The reasons for each disabled check are
# here and in .clang-tidy.
#
# usage: analyze.sh SOURCE BUILD     (make analyze does it)

set -u
source=$1
flags="-std=gnu11 -DHAVE_CONFIG_H -DFILELIKE_COMPILING -I$2 -I$source/lib"
failures=0

# analyzed_by TOOL COMMAND...
analyzed_by()
{
    tool=$1
    shift
    if ! command -v "$tool" >/dev/null; then
        echo "skipped: $tool: it is not installed"
    elif "$@"; then
        echo "ok: $tool"
    else
        echo "FAIL: $tool: findings above"
        failures=$((failures + 1))
    fi
}

# gcc 12 reports a leak if only a pointer into a block (atomic.c) or a pointer behind a pointer
# (fileno.c) is kept. It also does not know that stdio keeps the streams that fopen.c opens.
by_gcc()
{
    found=0
    for file in "$source"/lib/*/*.c "$source"/examples/*.c; do
        case $file in
        */atomic.c | */fileno.c | */fopen.c) known=-Wno-analyzer-malloc-leak ;;
        *) known= ;;
        esac
        # shellcheck disable=SC2086 # they are lists
        gcc $flags -O2 -fanalyzer $known -Werror -c -o /dev/null "$file" || found=1
    done
    return $found
}

# clang-tidy counts the findings in system headers, although it does not show them.
by_clang_tidy()
{
    # shellcheck disable=SC2086
    clang-tidy --quiet --config-file="$source/.clang-tidy" "$source"/lib/*/*.c -- $flags 2>/dev/null
}

# cppcheck does not see that a call within RETRY sets variables that are read afterwards. Its
# findings on style are left to clang-tidy and clang-format, and its information is not needed.
by_cppcheck()
{
    cppcheck --quiet --enable=warning,performance,portability --std=c11 --error-exitcode=1 \
        --suppress=uninitvar --suppress=ctuuninitvar \
        -D__GLIBC__=2 -D__GNUC__=12 -DHAVE_CONFIG_H -DFILELIKE_COMPILING -I"$2" -I"$source/lib" "$source/lib"
}

analyzed_by gcc by_gcc
analyzed_by clang-tidy by_clang_tidy
analyzed_by cppcheck by_cppcheck "$@"
test "$failures" -eq 0
