#!/bin/bash
# Builds and tests a clone of HEAD in other places than this machine's compiler and C library:
# in fresh roots of other releases, for other processors under emulation, and with other
# compilers and language standards. Needs root and Debian.
#
# usage: tests/everywhere/run.sh [--list] [PLACE...]
#
# Without PLACE it goes through all of them. build:PROCESSOR only builds; quick:PROCESSOR
# leaves out the long tests; demo:RELEASE runs a few tests in a fresh root; stage:NAME is a
# long stage of .ci/run, on this machine. READY_SOURCE names a clone in which bootstrap has
# been run; it is used instead of a new one. If KEEP_PLACES is set, the builds stay in that
# directory, but the fresh roots do not.
#
# Each line of the output names a place, its result and its seconds. A place that this machine
# cannot provide is skipped with the reason. The last line is "N passed, M failed, K skipped".

set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(git -C "$here" rev-parse --show-toplevel) || exit

places=(
    root:bullseye root:trixie root:sid
    tarball:bullseye tarball:trixie tarball:sid
    cross:s390x cross:armhf cross:i686 cross:arm64 cross:riscv64 cross:ppc64el
    package:rpm package:apk proofs
    variant:gcc-c2x variant:clang-c2x variant:lto variant:time64 variant:sid-c23 variant:one-file
    stage:asan stage:strict stage:musl stage:valgrind stage:clang stage:no_internals
    stage:programs stage:distcheck stage:tarball stage:debian
)
export limit_seconds=3600 # of one place
skipped_status=77

# shellcheck source=tests/everywhere/roots.sh
. "$here/roots.sh"
# shellcheck source=tests/everywhere/cross.sh
. "$here/cross.sh"
# shellcheck source=tests/everywhere/framework.sh
. "$here/framework.sh"
# shellcheck source=tests/everywhere/packages.sh
. "$here/packages.sh"
# shellcheck source=tests/everywhere/variants.sh
. "$here/variants.sh"

skip()
{
    echo "skipped: $*"
    exit "$skipped_status"
}

# need PROGRAM PACKAGE...: installs the packages unless the program is there.
need()
{
    command -v "$1" >/dev/null && return
    shift
    apt-get install -y --no-install-recommends "$@" || skip "apt-get cannot install $*"
}

# Makes a clone in the directory of the place, and runs bootstrap in it.
clone()
{
    if test -n "${READY_SOURCE-}"; then
        cp -a "$READY_SOURCE" source
    else
        git clone --quiet "$root" source && (cd source && ./bootstrap --no-install)
    fi
}

check_place()
{
    case $1 in
    root:*) check_root "${1#*:}" ;;
    tarball:*) check_tarball "${1#*:}" ;;
    demo:*) check_root "${1#*:}" "$quick_tests" ;;
    cross:i686) check_i686 ;;
    cross:*) check_cross "${1#*:}" ;;
    quick:*) check_cross "${1#*:}" "$emulated_at_length" ;;
    build:*) build_cross "${1#*:}" ;;
    variant:*) check_variant "${1#*:}" ;;
    package:*) check_package "${1#*:}" ;;
    stage:*) "$root/.ci/run" tools "${1#*:}" ;;
    proofs) check_proofs ;;
    *) echo "there is no such place: $1; --list names them" && false ;;
    esac
}

case ${1-} in
--list) printf '%s\n' "${places[@]}" && exit ;;
-*) sed -n 's/^# usage: /usage: /p' "$0" >&2 && exit 2 ;;
esac
test $# -gt 0 || set -- "${places[@]}"
work=${KEEP_PLACES-}
test -n "$work" || work=$(mktemp -d) || exit
trap 'leave_roots; test -n "${KEEP_PLACES-}" || rm -rf --one-file-system "$work"' EXIT

passed=0 failed=0 skipped=0
for place in "$@"; do
    directory=$work/${place/:/-}
    mkdir "$directory"
    start=$SECONDS
    (
        cd "$directory" && export -n CONFIG_SITE && check_place "$place"
    ) >"$directory.log" 2>&1 </dev/null
    status=$?
    seconds=$((SECONDS - start))
    case $status in
    0) passed=$((passed + 1)) && echo "ok       $place, $seconds s" ;;
    "$skipped_status")
        skipped=$((skipped + 1))
        echo "skipped  $place, $seconds s: $(sed -n 's/^skipped: //p' "$directory.log" | tail -n 1)"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAILED   $place, $seconds s"
        grep -nE 'error:|^(FAIL|ERROR):|: failed' "$directory.log" | head -n 20 | sed 's/^/   | /'
        tail -n 30 "$directory.log" | sed 's/^/   | /'
        ;;
    esac
    sed -n 's/^SKIP: /         left out there: /p' "$directory.log" | sort -u
    leave_roots
    rm -rf --one-file-system "$directory/root"
    test -n "${KEEP_PLACES-}" || rm -rf --one-file-system "$directory"
done
echo "$passed passed, $failed failed, $skipped skipped"
test "$failed" -eq 0
