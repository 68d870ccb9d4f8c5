#!/bin/sh
# The wings of lib/ stand on each other: api, stdio, store, files, base. A file includes
# headers of its own wing and of those below it, and nothing else of lib/ but filelike.h.
set -eu
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
exit "$status"
