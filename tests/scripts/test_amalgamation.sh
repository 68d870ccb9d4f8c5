#!/bin/sh
# filelike.c is the library in one file. It compiles without configuration or warnings, exports
# only what it is told to, is not affected when fopen is replaced in the same build, and passes
# the tests that do not need Check.
#
# usage: [ALL=1] tests/scripts/test_amalgamation.sh     ALL=1 runs the long tests, too
set -eu
export LC_ALL=C
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d)
programs=''
trap 'rm -rf "$scratch"; cd "$build" && rm -f $programs' EXIT
trap 'exit 1' HUP INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL
CC=${CC:-cc}
failures=0
long=' tests/system/allocation tests/system/differential tests/system/fault_scenarios '
long="$long tests/system/scenario_fork_threads fuzz/replay "

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

run()
{
    timeout 600 "$@" >"$scratch/said" 2>&1 </dev/null
}

# must COMMAND...: it must succeed and print nothing.
must()
{
    if ! run "$@" || test -s "$scratch/said"; then
        fail "$*"
        tail -n 30 "$scratch/said"
    fi
}

# ---- Compiling ------------------------------------------------------------------------

make amalgamation >"$scratch/said" 2>&1 || { cat "$scratch/said"; exit 1; }
made=$(sed -n 's/^amalgamation: \(.*\) and .*/\1/p' "$scratch/said")
cp "$made" "$source/lib/filelike.h" "$scratch"
cd "$scratch"

others=$(printf '%s\n' gcc clang musl-gcc | grep -vx "${CC##* }")
for compiler in "$CC" $others; do
    if ! $compiler -E - </dev/null >said 2>&1; then
        echo "skipped: $compiler does not work here"
        continue
    fi
    must $compiler -c filelike.c
    must $compiler -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -c filelike.c
done

# README's own command; "cc" is the compiler that the library was built with.
cc()
{
    $CC ${CFLAGS-} "$@"
}

command=$(sed -n 's/^    \(cc table\.c filelike\.c .*\)/\1/p' "$source/README")
printf '%s\n' '#include <filelike.h>' 'int main(void) { return fclose(filelike_memory("w", NULL)); }' >table.c
eval "${command:-false}" && ./table || fail "README's command: $command"

# ---- What it exports ------------------------------------------------------------------

# exports FLAG...: prints the names that a shared library built with these flags exports.
exports()
{
    must $CC -O2 -fPIC "$@" -c filelike.c
    must $CC -shared filelike.o -o plugin.so -lpthread
    nm -D --defined-only plugin.so | sed -n 's/.* [A-Z] \(.*\)/\1/p' | grep -v '^_' | sort || :
}

if command -v nm >said; then
    sed -n 's/^ *\(filelike_[a-z_]*\);$/\1/p' "$source/lib/filelike.map" | sort >listed
    exports >exported
    test ! -s exported || fail "exports, although it was not told to: $(cat exported)"
    exports -fvisibility=hidden -DFILELIKE_EXPORT >exported
    diff listed exported || fail 'exports others with FILELIKE_EXPORT (above)'
    # The compiler itself makes names with a dot.
    nm filelike.o | sed -n 's/.* [A-TVX-Z] \([^.]*\)$/\1/p' | sort >global
    diff listed global || fail 'other global names (above) than those of filelike.h'
else
    echo 'skipped: the exports of filelike.c: nm is not installed'
fi

# ---- What replaces fopen in the same build ---------------------------------------------

cat >program.c <<'C'
#include <stdio.h>

static int use(const char *path)
{
    char text[8];
    FILE *stream = fopen(path, "w");
    if (stream == NULL || fputs("text", stream) == EOF || fclose(stream) != 0)
        return 1;
    stream = fopen(path, "r");
    if (stream == NULL || fgets(text, sizeof text, stream) == NULL || fclose(stream) != 0)
        return 1;
    return rename(path, path[0] == 'm' ? "memory:b" : "b") != 0 ||
           remove(path[0] == 'm' ? "memory:b" : "b") != 0;
}

int main(void)
{
    return use("memory:a") || use("a");
}
C
cat >wrap.c <<'C'
#include "filelike.h"

FILE *__wrap_fopen(const char *path, const char *mode) { return filelike_fopen(path, mode); }
FILE *__wrap_fopen64(const char *path, const char *mode) { return filelike_fopen(path, mode); }
int __wrap_remove(const char *path) { return filelike_remove(path); }
int __wrap_rename(const char *from, const char *to) { return filelike_rename(from, to); }
C
cp "$source/lib/filelike_stdio.h" .
mkdir -p filelike/stdio && cp "$source/lib/filelike/stdio/stdio.h" filelike/stdio/

# replaced FLAG...: compiles a program and filelike.c in one command with these flags.
replaced()
{
    must "$@" -o program -lpthread
    must ./program
    rm -f program
}

for compiler in "$CC" clang; do
    $compiler -E - </dev/null >said 2>&1 || continue
    replaced $compiler -include filelike_stdio.h program.c filelike.c
    replaced $compiler -Ifilelike/stdio program.c filelike.c
    replaced $compiler -Wl,--wrap=fopen,--wrap=fopen64,--wrap=remove,--wrap=rename \
        program.c wrap.c filelike.c
done

# ---- The tests that need no framework ---------------------------------------------------

# The objects of the tests exist. They are linked again, under other names.
must $CC ${CFLAGS-} -c filelike.c -o one.o
cd "$build"
tests=$(echo 'include Makefile
amalgamation_tests:
	@echo $(check_PROGRAMS:$(EXEEXT)=)' | make -s -f - amalgamation_tests)
for program in $tests; do
    case $program in
    */check_* | */power_cuts | */scenario_faulty | */scenario_failing_disk | */test_*) continue ;;
    esac
    case "$long" in
    *" $program "*) test -n "${ALL-}" || continue ;;
    esac
    programs="$programs $program.one"
done
libraries=$(sed -n "s|^TEST_LIBS = \(.*\)|\1|p" Makefile | sed "s|lib/libfilelike.la|$scratch/one.o|")
run make EXEEXT=.one TEST_LIBS="$libraries" $programs ||
    { cat "$scratch/said"; fail 'the tests cannot be linked'; programs=''; }
passed=0
for program in $programs; do
    status=0
    run "./$program" || status=$?
    case $status in
    0) passed=$((passed + 1)) ;;
    77) echo "skipped: $program: $(tail -n 1 "$scratch/said")" ;;
    *)
        fail "$program, linked with filelike.c: status $status"
        tail -n 30 "$scratch/said"
        ;;
    esac
done
echo "$passed tests pass with filelike.c"
test "$failures" -eq 0
