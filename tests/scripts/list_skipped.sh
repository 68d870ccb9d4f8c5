#!/bin/sh
# Ends make check with a list of what was left out or skipped, with the reasons.
#
# usage: left_out='LIBRARY...' tests/scripts/list_skipped.sh LOG...
set -eu

list()
{
    for library in ${left_out-}; do
        echo "what needs $library: configure has not found it, or finds it too old"
    done
    for log in "$@"; do
        test ! -e "$log" || sed -n "s|^skipped: \(.*\)|$(basename "$log" .log): \1|p" "$log"
    done
}

skipped=$(list "$@" | sort -u)
if test -z "$skipped"; then
    echo 'Nothing was skipped.'
    exit
fi
echo 'Skipped, and why:'
echo "$skipped" | sed 's/^/  /'
echo 'What bootstrap knows how to install for it, "./bootstrap --no-install" names in a clone.'
