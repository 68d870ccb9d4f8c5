#!/bin/sh
# Runs the CSV example on good and on malformed tables, and compares all of its output.

set -u
demo=$PWD/examples/csv_demo
shipped=$(cd "${srcdir:-.}" && pwd)/examples/data/zone1970.tab
if ! test -x "$demo"; then
    echo "skipped: configure found no libcsv, so examples/csv_demo is not built"
    exit 77
fi
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
failures=0

# expect NAME STATUS ARGUMENT...: runs the demo. Its output must be what is in "wanted".
# (configure wrote the shipped table's path, so only its end is compared.)
expect() {
    name=$1 status=$2
    shift 2
    "$demo" "$@" >said 2>&1
    got=$?
    sed '1s|^/.*/examples/|examples/|' said >shortened && mv shortened said
    if test "$got" -ne "$status"; then
        echo "FAIL: $name: exit status $got, not $status"
        failures=$((failures + 1))
    elif ! diff -u wanted said; then
        echo "FAIL: $name: the output differs (see above)"
        failures=$((failures + 1))
    else
        echo "ok: $name"
    fi
}

# Makes the CSV of the shipped table without the library, to compare with the demo's.
tab=$(printf '\t')
grep -v '^#' "$shipped" | awk -F"$tab" -v OFS='","' '{ $4 = $4; print "\"" $0 "\"" }' >shipped.csv
{
    echo "examples/data/zone1970.tab (less $(grep -c '^#' "$shipped") comment lines), as CSV in memory and parsed again:"
    head -n 5 shipped.csv | sed 's/^"/  /; s/","/ | /g; s/"$//'
    echo "  ($(($(wc -l <shipped.csv) - 5)) more)"
    echo "rows: $(grep -c . shipped.csv), columns: 4, bytes of CSV in memory: $(($(wc -c <shipped.csv)))"
    echo "the bytes start with: $(head -n 1 shipped.csv)"
} >wanted
expect "the shipped table, by its name" 0 "$shipped"
export TZDIR="$scratch/nothing"
expect "the shipped table, as the system has none" 0

export TZDIR=zoneinfo
mkdir zoneinfo
cp "$shipped" zoneinfo/zone1970.tab
sed '1s|^examples/data|zoneinfo|' wanted >renamed && mv renamed wanted
expect "the system's table" 0

printf 'name;quote\nAda;"said ""yes""; twice"\n\n#a comment\n"";"two\n#lines"\n' >quoted.txt
cat >wanted <<'END'
quoted.txt (less 1 comment lines), as CSV in memory and parsed again:
  name | quote
  Ada | said "yes"; twice
   | two
#lines
rows: 3, columns: 2, bytes of CSV in memory: 59
the bytes start with: "name","quote"
END
expect "quotation marks, empty lines, line ends in a column" 0 quoted.txt ';'

printf 'one,two\r\n1,2\r\nlast,row' >dos.csv
cat >wanted <<'END'
dos.csv (less 0 comment lines), as CSV in memory and parsed again:
  one | two
  1 | 2
  last | row
rows: 3, columns: 2, bytes of CSV in memory: 33
the bytes start with: "one","two"
END
expect "CR LF, no line end at the end, a comma by the name" 0 dos.csv

printf '#codes\t\tplace\nAD\tAndorra\nAE\n' >heading.tab
cat >wanted <<'END'
heading.tab (less 1 comment lines), as CSV in memory and parsed again:
  AD | Andorra
  AE | 
rows: 2, columns: 2, bytes of CSV in memory: 23
the bytes start with: "AD","Andorra"
END
expect "a heading, the last column left out" 0 heading.tab '\t'

mend='Mend the row (an empty column still needs its delimiter), or name the delimiter
that the table uses: csv_demo FILE DELIMITER'

printf 'a,b,c\n1,2,3\n\n1,2\n' >short.csv
cat >wanted <<END
csv_demo: short.csv:4: 2 columns where line 1 has 3
$mend
END
expect "a row too short" 1 short.csv

printf '# two, of course\na,b\n1,"2\n2",3\n' >long.csv
cat >wanted <<END
csv_demo: long.csv:3: 3 columns where line 2 has 2
$mend
END
expect "a row too long, over two lines" 1 long.csv

printf '#codes\tplace\tcomment\nAD\n' >heading.tab
cat >wanted <<END
csv_demo: heading.tab:2: 1 column where line 1 has 3
$mend
END
expect "two columns left out" 1 heading.tab

printf 'a,b\n1,"2\n3,4\n' >open.csv
cat >wanted <<'END'
csv_demo: open.csv:2: a quotation mark is opened in this row and never closed
Close it, or double it where it is meant as it is.
END
expect "an open quotation mark" 1 open.csv

printf 'a,b\n1,2"x\n' >stray.csv
cat >wanted <<'END'
csv_demo: stray.csv:2: a quotation mark in the middle of a column
Put the whole column in quotation marks, and double those within it.
END
expect "a stray quotation mark" 1 stray.csv

printf 'a,b\n1,\0002\n' >nul.csv
cat >wanted <<'END'
csv_demo: nul.csv:2: a NUL byte in the line
Tables are text: convert it to UTF-8 first, with iconv say.
END
expect "a NUL byte" 1 nul.csv

printf '# nothing but this\n\n' >empty.csv
cat >wanted <<'END'
csv_demo: empty.csv: has no rows
Give a table with one row a line.
END
expect "no rows" 1 empty.csv

cat >wanted <<'END'
csv_demo: nowhere.csv: cannot be opened: No such file or directory
Give the name of a file that can be read.
END
expect "no such file" 1 nowhere.csv

cat >wanted <<'END'
csv_demo: zoneinfo: cannot be read: Is a directory
Give the name of a file that can be read.
END
expect "a directory" 1 zoneinfo

usage="usage: csv_demo [FILE [DELIMITER]]
DELIMITER is one character, ';' say. The default is a comma for a FILE whose
name ends in .csv and a tab for any other."

printf 'csv_demo: the delimiter is empty\n%s\n' "$usage" >wanted
expect "an empty delimiter" 1 dos.csv ''
printf 'csv_demo: the delimiter is longer than one character\n%s\n' "$usage" >wanted
expect "a long delimiter" 1 dos.csv ', '
printf "csv_demo: the delimiter cannot be a quotation mark, a line end or '#'\n%s\n" "$usage" >wanted
expect "a quotation mark as delimiter" 1 dos.csv '"'
printf 'csv_demo: too many arguments\n%s\n' "$usage" >wanted
expect "too many arguments" 1 dos.csv , ,

test "$failures" -eq 0
