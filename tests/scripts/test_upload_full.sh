#!/bin/sh
# Tests the server of examples/upload on a full disk: a filesystem of 1 MiB in a mount
# namespace of this test's own.

set -u
if test "${1-}" != mounted; then
    for how in 'unshare -m' 'unshare -rm'; do
        # shellcheck disable=SC2086 # a command and its option
        if $how mount -t tmpfs none /mnt 2>/dev/null; then
            exec $how "$0" mounted
        fi
    done
    echo "skipped: no private mount (unshare -m, mount -t tmpfs) is permitted here"
    exit 77
fi

. "${srcdir:-.}/tests/scripts/upload.sh"
mount -t tmpfs -o size=1m none "$files" || exit 99
start_server --memory-limit 64K

full='{"error": "no space is left to store the file"}'
head -c 4000000 /dev/zero >"$scratch/large.csv"
head -c 800000 /dev/zero >"$scratch/medium.csv"
head -c 50000 /dev/zero >"$scratch/small.csv"
for round in 1 2 3; do
    expect_refused "a file larger than the disk, round $round" 507 "$full" \
        --file "$scratch/large.csv"
    expect "a file that fits, as nothing of the other is left" 0 \
        '{"rows": 1, "columns": 1, "bytes": 800000}' \
        --file "$scratch/medium.csv" "${address}upload"
done

head -c 2000000 /dev/zero >"$files/filler" 2>/dev/null
expect 'a small file while the disk is full' 0 '{"rows": 1, "columns": 1, "bytes": 50000}' \
    --file "$scratch/small.csv" "${address}upload"
expect_refused 'a larger one meanwhile' 507 "$full" --file "$scratch/medium.csv"
rm "$files/filler"

stop_server
umount "$files"
finish
