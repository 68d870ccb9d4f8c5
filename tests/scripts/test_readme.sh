#!/bin/sh
# Compiles and runs every program in README with README's own command, and every command after
# a "$". Their output must be what README shows. Each name of the library in README must exist.

set -u
build=$PWD
source=$(cd "${srcdir:-.}" && pwd)
: "${CC:=cc}" "${CFLAGS:=}" "${LDFLAGS:=}"
command -v pkg-config >/dev/null || { echo "skipped: pkg-config is not installed"; exit 77; }
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# README's "cc" is the library's compiler with its flags, because a library that is built for a
# sanitizer or another C library needs them.
cc()
{
    # shellcheck disable=SC2086 # they are lists
    $CC $CFLAGS $LDFLAGS "$@"
}

# pkg-config prints this for an installed library, apart from the two directories.
mkdir pkgconfig
sed -e "s|^libdir=.*|libdir=$build/lib/.libs|" -e "s|^includedir=.*|includedir=$source/lib|" \
    "$build/lib/filelike.pc" >pkgconfig/filelike.pc
export PKG_CONFIG_PATH="$scratch/pkgconfig"
export LD_LIBRARY_PATH="$build/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# A program is a block that starts with an #include, its output the block after "It prints:".
# The empty lines around a block are not part of it.
awk '
function start(name) { file = name; printed = 0; empty_lines = "" }
/^[^ ]/ { file = "" }
/^    #include/ && file == "" { start("program-" ++programs ".c") }
/^It prints:$/ { start("program-" programs ".wanted"); next }
file == "" { next }
/^$/ { empty_lines = empty_lines "\n"; next }
{ printf "%s%s\n", printed++ ? empty_lines : "", substr($0, 5) >file; empty_lines = "" }
' "$source/README"

command=$(sed -n 's/^    \(cc -o table table\.c .*\)/\1/p' "$source/README")
test -n "$command" || fail "README has no command to compile table.c"

run_program()
{
    cp "$1" table.c
    eval "$command" || { fail "$1 does not compile: $command"; return; }
    ./table >printed || fail "$1 ends with status $?"
    diff -u "${1%.c}.wanted" printed || fail "$1 prints something else (above)"
}

programs=0
for program in program-*.c; do
    test -e "$program" || break
    programs=$((programs + 1))
    run_program "$program"
done
test "$programs" -gt 0 || fail "no program found in README"
echo "$programs program(s) of README compiled and run"

# ---- Commands after a "$" ---------------------------------------------------------------

awk '
/^$/ { answered = 0 }
/^    \$ / {
    answered = 1
    print substr($0, 7) >("command-" ++commands)
    printf "" >("command-" commands ".wanted")
    next
}
answered { print substr($0, 5) >("command-" commands ".wanted") }
' "$source/README"

server=''
port=0 # that of the server: README's own may be in use

stop_server()
{
    test -z "$server" || kill "$server"
    rm -rf "$scratch"
}
trap stop_server EXIT

start_server()
{
    (cd "$build" && eval "exec $1") >server.log 2>&1 &
    server=$!
    for _ in $(seq 200); do
        port=$(sed -n 's|^listening on http://.*:\([0-9]*\)/$|\1|p' server.log)
        test -z "$port" || return 0
        sleep 0.1
    done
    cat server.log
    fail "does not listen: $1"
}

run_command()
{
    command=$(sed "s/8080/$port/" "$1")
    if ! test -x "$build/${command%% *}"; then
        echo "left out, as it is not built: $command"
        return
    fi
    case $command in
    *' &') start_server "${command% &}" && return ;;
    esac
    (cd "$build" && eval "$command") >printed 2>&1 || fail "$command: status $?"
    if diff -u "$1.wanted" printed; then
        echo "ok: $command"
    else
        fail "$command: prints something else (above)"
    fi
}

for number in $(seq 99); do
    test -e "command-$number" || break
    run_command "command-$number"
done
test "$number" -gt 1 || fail "no command found in README"

# ---- Names ------------------------------------------------------------------------------

grep -Eow 'filelike_[a-z_]+|FILELIKE_[A-Z_]+' "$source/README" | sort -u >names
while read -r name; do
    grep -qw "$name" "$source/lib/filelike.h" || test -e "$source/lib/$name.h" ||
        fail "README names $name, filelike.h does not"
done <names

test "$failures" -eq 0
