#!/bin/sh
# The wings of lib/ are layers: api, stdio, store, files, base. From lib/ a file includes only
# filelike.h and headers of its own wing and of those below it. Functions that users call are
# all in api/. The functions of one file are on one page of the manual.
set -eu
export LC_ALL=C
cd "${srcdir:-.}/lib"

wings='api stdio store files base'
status=0
allowed=$wings
for wing in $wings; do
    for file in "$wing"/*.[ch]; do
        for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
            case " $allowed filelike.h " in
            *" ${header%%/*} "*) ;;
            *)
                echo "lib/$file includes \"$header\": it may include headers of: $allowed, and filelike.h"
                status=1
                ;;
            esac
        done
    done
    allowed=${allowed#"$wing"}
    allowed=${allowed# }
done

# Prints the names of the public functions that FILE defines.
public_functions()
{
    sed -n '/;$/d; s/^[A-Za-z][A-Za-z_0-9 ]*[ *]\(filelike_[a-z_]*\)(.*/\1/p' "$1"
}

count=0
for file in */*.c; do
    page=
    for name in $(public_functions "$file"); do
        count=$((count + 1))
        case $file in
        api/*) ;;
        *) echo "lib/$file defines $name: what users call is in lib/api" && status=1 ;;
        esac
        found=$(grep -l "^\.Nm $name\( ,\)*$" ../man/*.3)
        if test -n "$page" && test "$page" != "$found"; then
            echo "lib/$file defines functions of $page and of $found"
            status=1
        fi
        page=$found
    done
done
if test "$count" -ne "$(grep -c '^ *filelike_[a-z_]*;$' filelike.map)"; then
    echo "lib/ defines $count public functions, but lib/filelike.map lists another number"
    status=1
fi
exit "$status"
