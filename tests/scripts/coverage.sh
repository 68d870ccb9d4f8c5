#!/bin/sh
# Prints which lines and branches of lib/ the tests reach. Builds and tests the sources that
# contain this script, in a directory beside them.
#
# usage: SOURCE/tests/scripts/coverage.sh [CONFIGURE-ARGUMENT...]     (make coverage does it)

set -u
export LC_ALL=C
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(dirname "$source")/build
# The threads of a process share its counters, so counting must be atomic.
flags='-g -O0 --coverage -fprofile-update=atomic'
branches='--rc lcov_branch_coverage=1'

stop()
{
    echo "make coverage: $*" >&2
    exit 1
}

# quietly FILE COMMAND...: writes the output to FILE, and shows it if the command fails.
quietly()
{
    said=$1
    shift
    "$@" >"$said" 2>&1 || { tail -n 40 "$said"; stop "$* failed; its output is in $said"; }
}

# Each test has counters of its own, as a child that is killed may leave them unreadable. gcov
# finds the notes of the compiler beside them: those of the library, and of the test, which may
# include a source of the library. A test's children may be another user, who writes
# the counters, too.
write_counting()
{
    cat <<'END' >counting
#!/bin/sh
GCOV_PREFIX=$PWD/counters/${1##*/}
export GCOV_PREFIX
for notes in lib/*.gcno "$1"-*.gcno; do
    [ -f "$notes" ] || continue
    directory=$GCOV_PREFIX$PWD/${notes%/*}
    name=${notes##*/}
    mkdir -p "$directory"
    cp "$notes" "$directory"
    : >"$directory/${name%.gcno}.gcda"
done
chmod -R a+rwX "$GCOV_PREFIX"
exec "$@"
END
    chmod +x counting
    find "$build" -type d -exec chmod a+x {} +
}

# Removes the counters that gcov cannot read. A test that refuses system calls refuses those
# of gcov, too. What the tests share has no notes beside it.
leave_out_unreadable()
{
    find counters -name '*.gcda' | while read -r file; do
        if [ ! -f "${file%.gcda}.gcno" ] || [ "$(head -c 4 "$file")" != adcg ]; then
            rm "$file"
        fi
    done
}

# Debian's lcov warns about itself in every run.
lcov_quietly()
{
    # shellcheck disable=SC2086 # several words
    quietly "$build/lcov.log" lcov --quiet $branches "$@"
}

# Prints the lines never reached, and those with a branch never taken, with their text.
name_missed()
{
    awk -F '[:,]' -v root="$source/" '
        function tell(what, file, line) {
            printf "%s:%d: %s: %s\n", substr(file, length(root) + 1), line, what, text[line]
        }
        /^SF:/ {
            file = substr($0, 4)
            split("", text)
            for (line = 1; (getline read_line <file) > 0; line++) {
                sub(/^[ \t]+/, "", read_line)
                text[line] = read_line
            }
            close(file)
            split("", missed)
        }
        /^DA:/ && $3 == 0 { tell("not reached", file, $2); }
        /^BRDA:/ && $5 == 0 { missed[$2]++ }
        /^end_of_record/ {
            for (line in missed)
                tell(missed[line] " not taken", file, line)
        }' "$1" | sort -t : -k 1,1 -k 2,2n
}

command -v lcov >/dev/null || stop 'lcov is not there; install it (Debian: lcov)'
rm -rf "$build"
mkdir -p "$build" && cd "$build" || exit 1

# A static library gives each program one set of counters, and _exit writes all of it.
quietly configure.log "$source/configure" --disable-shared \
    CC="${CC:-gcc}" CFLAGS="$flags" CPPFLAGS="-include $source/tests/support/coverage.h" "$@"
grep -q 'tests with Check *yes' configure.log ||
    stop 'the suites need Check, which configure has not found: run ./bootstrap'
quietly make.log make
write_counting
# A child under a limit cannot write its counters. Its message would reach a test's output.
GCOV_ERROR_FILE=/dev/null
export GCOV_ERROR_FILE
# The scripts test the installed build, which has no counters. A test that fails is named; what
# it reached counts.
# shellcheck disable=SC2016 # make's own variable
make check TESTS='$(check_PROGRAMS)' LOG_COMPILER=./counting >check.log 2>&1
grep -E '^(# (PASS|SKIP)|FAIL|ERROR)' check.log || stop "no test has run; see $build/check.log"

leave_out_unreadable
set --
for counters in counters/*; do
    set -- "$@" --directory "$counters"
done
lcov_quietly --capture "$@" --output-file all.info
lcov_quietly --extract all.info "$source/lib/*" --output-file lib.info
# shellcheck disable=SC2086 # several words
lcov $branches --list lib.info 2>/dev/null
name_missed lib.info
