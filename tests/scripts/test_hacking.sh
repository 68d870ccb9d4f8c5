#!/bin/sh
# The walks through lib/ in HACKING name functions and their files, one pair a line. Each
# function must be defined in that file. Each other file of lib/ and tests/ that HACKING names
# must exist.
set -eu
export LC_ALL=C
cd "${srcdir:-.}"

status=0
complain()
{
    echo "HACKING: $1"
    status=1
}

# Prints "FILE FUNCTION" for each step of a walk.
steps()
{
    sed -n 's|^    \([a-z]*/[a-z_]*\.c\) *\([a-z_]*\) .*|\1 \2|p' HACKING
}

count=0
while read -r file function; do
    count=$((count + 1))
    grep -q "^[a-z].*\<$function(" "lib/$file" || complain "lib/$file does not define $function"
done <<STEPS
$(steps)
STEPS
test "$count" -ge 15 || complain "only $count steps of the walks were found"

# A test is named without its .c.
exists()
{
    test -e "$1" || test -e "lib/$1" || test -e "$1.c"
}

# The names have no blanks.
# shellcheck disable=SC2013
for file in $(grep -oE '\b(api|stdio|store|files|base|lib|tests|man)/[a-z_/]*[a-z](\.[a-z]+)?' HACKING); do
    exists "$file" || complain "there is no $file"
done
exit $status
