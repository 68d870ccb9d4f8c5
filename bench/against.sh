#!/bin/sh
# Compares this build's library with that of another commit, row by row. The same bench runs on
# both in turn, so that a disturbance of the machine affects both.
#
# usage: bench/against.sh SOURCE COMMIT ROUNDS [ROW...]     (make bench-against does it)
#
# Prints, for each of the library's kinds, how many times as fast this build is. Kinds that the
# other commit lacks are left out. It runs in the directory of the build.
set -eu
export LC_ALL=C
source=$1 commit=$2 rounds=$3
shift 3
bench=$PWD/bench/.libs/bench
test -x "$bench" || {
    echo 'bench-against: the bench is linked with a static library; configure without --disable-shared' >&2
    exit 1
}

other=$PWD/build/against
rm -rf "$other"
mkdir -p "$other"
git -C "$source" archive "$commit" | tar -x -C "$other" || {
    echo "bench-against: git knows no commit $commit; git log names them" >&2
    exit 1
}
(cd "$other" && ./bootstrap --no-install && ./configure && make lib/libfilelike.la) >"$other.log" 2>&1 || {
    echo "bench-against: $commit cannot be built; the last lines of $other.log:" >&2
    tail -n 5 "$other.log" >&2
    exit 1
}

# run LIBRARIES ROW: writes one round's figures to FILE as CSV.
run()
{
    LD_LIBRARY_PATH=$1 "$bench" --rounds 1 --row "$2" --csv "$3" --data "$source/examples/data/zone1970.tab" \
        >"$other.row" 2>&1
}

# Prints "STREAM COST" for each kind in the CSV. Slower work has a higher cost.
costs()
{
    awk -F '"' 'NR > 1 {
        split($3, unit, ",")
        split($5, figure, ",")
        cost[$4] = unit[2] == "MB/s" ? 1 / figure[2] : figure[2]
    }
    END { for (stream in cost) printf "%s\t%.9g\n", stream, cost[stream] }' "$1"
}

# Prints the median of each stream's ratios.
middles()
{
    sort "$1" | awk -F '\t' '
    function tell(   middle) {
        middle = ratio[int((count + 1) / 2)]
        printf "  %-24s %5.2fx  (%.2f to %.2f)\n", stream, middle, ratio[1], ratio[count]
    }
    $1 != stream { if (count) tell(); stream = $1; count = 0 }
    { ratio[++count] = $2 }
    END { if (count) tell() }'
}

# shellcheck disable=SC2046 # names of rows have no spaces
test $# -gt 0 || set -- $("$bench" --list | cut -d ' ' -f 1)
echo "times as fast as $commit ($rounds rounds):"
for row in "$@"; do
    : >"$other.ratios"
    round=0
    while test "$round" -lt "$rounds"; do
        round=$((round + 1))
        run "$PWD/lib/.libs" "$row" "$other.here" && run "$other/lib/.libs" "$row" "$other.there" || break
        costs "$other.here" | sort >"$other.ours"
        costs "$other.there" | sort | join -t '	' "$other.ours" - |
            awk -F '\t' '{ printf "%s\t%.6g\n", $1, $3 / $2 }' >>"$other.ratios"
    done
    echo "$row"
    if test -s "$other.ratios"; then
        middles "$other.ratios"
    else
        echo '  left out: it does not run with that library'
    fi
done
