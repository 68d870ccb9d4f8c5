# Draws the figures of bench as lines of text: the speed of the library's stream, as a multiple
# of the faster one of the C library's own memory streams.
# usage: awk -f bars.awk FILE.csv

function bar(ratio,   left, drawn)
{
    left = int(ratio * WIDTH + 0.5)
    if (left > MOST * WIDTH) {
        left = MOST * WIDTH
        drawn = ">"
    }
    while (left-- > 0)
        drawn = "#" drawn
    return drawn
}

BEGIN {
    FS = "\"" # the work, the stream and its peer are in quotes
    WIDTH = 8 # characters for 1
    MOST = 5
    is_peer["open_memstream"] = is_peer["fmemopen"] = 1
}

# Leaves out sizes, and rows with threads or other open streams.
$4 == "memory" && $6 in is_peer && $1 !~ /-[0-9]+(-threads)?,$/ && $3 != ",bytes," {
    row = substr($1, 1, length($1) - 1)
    split($7, numbers, ",")
    if (!(row in least))
        rows[++count] = row
    if (!(row in least) || numbers[4] < least[row]) {
        least[row] = numbers[4]
        peer[row] = $6
    }
}

END {
    for (i = 1; i <= count; i++)
        printf "%-15s  %4.1f x %-14s  %s\n", rows[i], least[rows[i]], peer[rows[i]],
            bar(least[rows[i]])
}
