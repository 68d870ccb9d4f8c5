#!/bin/sh
# The tarball of a release holds exactly the files in git and those that autoreconf makes.

set -u
export LC_ALL=C
source=$(cd "${srcdir:-.}" && pwd)
skip()
{
    echo "skipped: $*"
    exit 77
}

command -v git >/dev/null || skip 'git is not installed'
prefix=$(git -C "$source" rev-parse --show-prefix 2>/dev/null) || skip 'this is no clone'
test -z "$prefix" || skip 'this is no clone, but lies in one'
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL
failures=0

# Only a clone has these files: those for a machine that tests a clean clone, those for git,
# and Debian's, which its packagers add to the sources of a release.
only_in_git='^(\.ci/|\.gitignore$|debian/)'

cat >"$scratch/generated" <<'END'
Makefile.in
aclocal.m4
build-aux/ar-lib
build-aux/compile
build-aux/config.guess
build-aux/config.sub
build-aux/depcomp
build-aux/install-sh
build-aux/ltmain.sh
build-aux/missing
build-aux/test-driver
config.h.in
configure
lib/filelike.c
m4/libtool.m4
m4/ltoptions.m4
m4/ltsugar.m4
m4/ltversion.m4
m4/lt~obsolete.m4
packaging/APKBUILD
packaging/filelike.spec
END

# none FILES WHAT: the file FILES must be empty.
none()
{
    test -s "$1" || return
    echo "FAIL: $2:"
    cat "$1"
    failures=$((failures + 1))
}

if ! make distdir distdir="$scratch/filelike" >"$scratch/said" 2>&1; then
    cat "$scratch/said"
    echo 'FAIL: make distdir'
    exit 1
fi
(cd "$scratch/filelike" && find . ! -type d | sed 's|^\./||') | sort >"$scratch/tarball"
git -C "$source" ls-files | sort >"$scratch/git"
# A new file may not be in git yet. A clean clone has none.
git -C "$source" ls-files --others --exclude-standard | sort >"$scratch/new"

cd "$scratch" || exit 99
grep -vE "$only_in_git" git | sort - generated | comm -23 - tarball >missing
none missing 'not in the tarball: add to EXTRA_DIST or to the sources in Makefile.am'
grep -vE "$only_in_git" git new -h | sort - generated | comm -13 - tarball >others
none others 'in the tarball, but neither in git nor made by autoreconf'
test "$failures" -eq 0
