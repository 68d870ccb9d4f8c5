#!/bin/sh
# Runs the examples of files on disk: their results, and their messages after failures.

set -u
config=$PWD/examples/atomic_config
named=$PWD/examples/named_file
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
mkdir temporary work && cd work || exit 99
export TMPDIR="$scratch/temporary"
umask 022
failures=0

fail() {
    echo "FAIL: $1"
    failures=$((failures + 1))
}

# expect NAME STATUS COMMAND...: its output must be what is in "../wanted", and no temporary
# file may remain.
expect() {
    name=$1 status=$2
    shift 2
    "$@" >../said 2>&1
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

# expect_file NAME: settings.conf must equal standard input, and be the only file.
expect_file() {
    if ! diff -u - settings.conf; then
        fail "$1: settings.conf differs (see above)"
    elif test "$(ls -A)" != settings.conf; then
        fail "$1: files left behind: $(ls -A)"
    fi
}

quietly() {
    : >../wanted
}

# ---- atomic_config --------------------------------------------------------------------

quietly
expect "the first setting" 0 "$config" settings.conf port 80
expect_file "the first setting" <<'END'
port = 80
END

printf '# where to listen\nport=80\n\nhost = localhost' >settings.conf
chmod 640 settings.conf
expect "a setting changed" 0 "$config" settings.conf port 8080
expect "a setting added" 0 "$config" settings.conf 'name' 'a b = c'
expect_file "settings" <<'END'
# where to listen
port = 8080

host = localhost
name = a b = c
END
test -n "$(find settings.conf -perm 640)" || fail "the mode has changed"

printf 'port = 80\nport 81\n' >settings.conf
cat >../wanted <<'END'
atomic_config: settings.conf:2: neither a comment nor KEY = VALUE
Mend the line; the file is as it was.
END
expect "a bad line" 1 "$config" settings.conf port 8080
expect_file "a bad line" <<'END'
port = 80
port 81
END

# The file takes 20000 bytes. Files may not exceed 16 blocks of 512 or 1024 bytes.
{ echo 'port = 80'; printf '#%19988s\n' ''; } >settings.conf
cp settings.conf ../before
cat >../wanted <<'END'
atomic_config: settings.conf: not saved: File too large
Make room on its disk, or see to it; the file is as it was.
END
(
    trap '' XFSZ
    ulimit -f 16
    LC_ALL=C expect "no room" 1 "$config" settings.conf port 8080
    exit "$failures"
)
failures=$?
expect_file "no room" <../before

cat >../wanted <<'END'
atomic_config: .: cannot be read: Is a directory
Give the name of a file that can be read.
END
LC_ALL=C expect "a directory" 1 "$config" . port 8080
cat >../wanted <<'END'
atomic_config: missing/settings.conf: cannot be replaced: No such file or directory
The file, and new ones beside it, must be yours to write.
END
LC_ALL=C expect "no directory" 1 "$config" missing/settings.conf port 8080

cat >../wanted <<'END'
usage: atomic_config FILE KEY VALUE
KEY has no spaces and no '=', and VALUE is one line.
END
expect "no arguments" 1 "$config"
expect "no key" 1 "$config" settings.conf '' 8080
expect "a bad key" 1 "$config" settings.conf 'port =' 8080
expect_file "a bad key" <../before

# ---- named_file -----------------------------------------------------------------------

cat >../wanted <<'END'
1 apple
2 pear
3 plum
END
expect "words sorted" 0 "$named" plum apple pear

mkdir ../programs
printf '#!/bin/sh\nexit 3\n' >../programs/sort
chmod 755 ../programs/sort
PATH="$scratch/programs:$PATH" "$named" plum >../said 2>&1 &&
    fail "a sort that fails: exit status 0"
grep -q 'is not sorted: sort failed' ../said || fail "a sort that fails: no message names it"
test -z "$(ls -A "$TMPDIR")" || fail "a sort that fails: files left behind: $(ls -A "$TMPDIR")"

echo 'usage: named_file WORD...' >../wanted
expect "no words" 1 "$named"

test "$failures" -eq 0
