# For the tests of examples/upload, which source it in the directory of the build. Makes
# $scratch, which is removed at the end, and in it $files for the server's files.

# shellcheck shell=sh
server=$PWD/examples/upload/server
client=$PWD/examples/upload/client
export no_proxy='*'
failures=0

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

if ! test -x "$server" || ! test -x "$client"; then
    skip "configure found no libmicrohttpd, libcurl or libcsv, so examples/upload is not built"
fi

# /tmp may be in memory, so the files are elsewhere.
scratch=$(mktemp -d "$PWD/upload-test-XXXXXX") || exit 99
files=$scratch/files
server_process=''
mkdir "$files" || exit 99

clear_away() {
    test -z "$server_process" || kill "$server_process" 2>/dev/null
    rm -rf "$scratch"
}
trap clear_away EXIT
trap 'exit 1' HUP INT TERM

# start_server OPTION...: starts it on a free port, and sets $address.
start_server() {
    : >"$scratch/server.log"
    "$server" --port 0 --dir "$files" "$@" >"$scratch/server.log" 2>&1 &
    server_process=$!
    address=''
    for _ in $(seq 200); do
        address=$(sed -n 's/^listening on //p' "$scratch/server.log")
        test -z "$address" || return 0
        kill -0 "$server_process" 2>/dev/null || break
        sleep 0.1
    done
    cat "$scratch/server.log"
    echo "FAIL: the server does not start"
    exit 1
}

# Ends the server. It must exit with status 0 and leave no files.
stop_server() {
    kill "$server_process"
    wait "$server_process" || fail "the server ends with status $?"
    server_process=''
    cat "$scratch/server.log"
    test -z "$(ls -A "$files")" || fail "the server has left files: $(ls -A "$files")"
}

# expect NAME STATUS TEXT ARGUMENT...: runs the client, whose exit status and output must be
# these.
expect() {
    name=$1 status=$2 text=$3
    shift 3
    said=$(timeout 60 "$client" "$@" 2>&1)
    got=$?
    if test "$got" -eq "$status" && test "$said" = "$text"; then
        echo "ok: $name"
    else
        fail "$name: wanted status $status and '$text', got $got and '$said'"
    fi
}

# expect_refused NAME STATUS JSON ARGUMENT...: the same for an upload that gets an answer with
# this status of HTTP.
expect_refused() {
    name=$1 status=$2 json=$3
    shift 3
    expect "$name" 1 "$json
client: ${address}upload: the server answered $status. Its answer says what is wrong." \
        "$@" "${address}upload"
}

# Ends the test.
finish() {
    test "$failures" -eq 0
    exit
}
