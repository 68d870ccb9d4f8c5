#!/bin/sh
# Tests the server of examples/upload with its client: uploads from every kind of stream and
# from files, downloads, refusals, and the end.

set -u
. "${srcdir:-.}/tests/scripts/upload.sh"

# ---- Command lines --------------------------------------------------------------------

expect_refusal() {
    name=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        fail "$name: not refused"
    elif ! test -s "$scratch/said"; then
        fail "$name: refused without a word"
    else
        echo "ok: $name: $(head -n 1 "$scratch/said")"
    fi
}

expect_refusal 'a port that is none' "$server" --port 65536
expect_refusal 'a size that is none' "$server" --size-limit 1T
expect_refusal 'a directory that is not there' "$server" --dir "$scratch/nowhere"
expect_refusal 'a kind of stream that is none' "$client" --stream tape http://127.0.0.1:1/
expect_refusal 'no URL' "$client"
expect_refusal 'no such file' "$client" --file "$scratch/nowhere" http://127.0.0.1:1/

# ---- Uploads and downloads ------------------------------------------------------------

start_server --size-limit 8M --memory-limit 64K --budget 1M
expect_refusal 'a port in use' "$server" --port "$(echo "$address" | tr -dc '0-9:' | cut -d: -f3)"

# answer ROWS: prints the answer to the client's table of ROWS rows. Every field is quoted, and
# each quote is doubled.
answer() {
    awk -v rows="$1" 'BEGIN {
        bytes = length("\"number\",\"square\",\"remark\"\n")
        for (i = 1; i <= rows; i++)
            bytes += length(sprintf("\"%d\",\"%.0f\",\"%s\"\n", i, i * i,
                i % 2 ? "odd" : "even, not \"\"odd\"\""))
        printf "{\"rows\": %d, \"columns\": 3, \"bytes\": %d}\n", rows + 1, bytes
    }'
}

for kind in memory spooled named; do
    expect "upload from a stream: $kind" 0 "$(answer 1000)" --stream $kind "${address}upload"
done
# The table is larger than a spooled stream keeps in memory.
expect 'upload from a stream on disk' 0 "$(answer 100000)" \
    --stream spooled --rows 100000 "${address}upload"

printf 'a,b\n1,2\n' >"$scratch/table.csv"
expect 'upload of a file' 0 '{"rows": 2, "columns": 2, "bytes": 8}' \
    --file "$scratch/table.csv" "${address}upload"

page=$("$client" --get "$address")
for kind in memory spooled named; do
    expect "download to a stream: $kind" 0 "$page" --stream $kind --get "$address"
done
case $page in
*[0-9]' bytes') ;;
*) fail "the page's size is '$page'" ;;
esac

# ---- Refusals -------------------------------------------------------------------------

printf 'a,b\n1,"2\n' >"$scratch/table.csv"
expect_refused 'a malformed file' 400 \
    '{"error": "line 2: a quote that is never closed", "line": 2}' --file "$scratch/table.csv"

too_large='{"error": "the file is larger than the limit: 8388608 bytes", "limit": 8388608}'
head -c 9000000 /dev/zero >"$scratch/large.csv"
expect_refused 'a file too large' 413 "$too_large" --file "$scratch/large.csv"
mkfifo "$scratch/pipe"
timeout 60 cat "$scratch/large.csv" >"$scratch/pipe" &
expect_refused 'a pipe, of unknown length, too large' 413 "$too_large" --file "$scratch/pipe"
expect_refusal 'a page that is not there' "$client" --get "${address}x"

stop_server
grep -q '^uploads read 5, refused 3, abandoned 0$' "$scratch/server.log" ||
    fail "the statistics at the end are not what was done"
finish
