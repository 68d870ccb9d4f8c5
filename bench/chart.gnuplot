# Draws the figures of bench as an SVG.
# usage: gnuplot -e "figures='FILE.csv'" chart.gnuplot > FILE.svg
#
# Each row has a line, with one mark for each peer. The mark shows how many times as fast, or
# as small, as that peer the library's stream is. A hollow mark is the target.

set datafile separator comma

# The names of the rows, in the order of the file.
names = ""
add(name) = (names = strstrt(names." ", " ".name." ") > 0 ? names : names." ".name, 0)
stats figures every ::1 using (add(strcol(1))) nooutput
row_count = words(names)
line_of(name) = -(sum [i=1:row_count] (word(names, i) eq name ? i : 0))

# A comparison is shown if its left side is the first stream of the row. The name of a peer may
# go on: "memfd again".
row = ""
note_first(name, stream) = (name eq row ? 0 : (row = name, first = stream, 0))
begins(name, start) = name[1:strlen(start)] eq start
is_shown(peer) = (note_first(strcol(1), strcol(4)), \
    strcol(4) eq first && begins(strcol(7), peer))
times(peer) = is_shown(peer) ? column(10) : NaN
target(peer) = is_shown(peer) && strlen(strcol(11)) > 0 ? column(11) : NaN

set terminal svg size 900, 120 + 24 * row_count font "DejaVu Sans,sans-serif,14" \
    background rgb "white" noenhanced
set title "How many times as fast as its peers (heap, resident: as small); hollow: the target"
set logscale x
set format x "%gx"
set xtics nomirror
set grid x ytics lc rgb "#dddddd" lw 1 dt solid
set ytics () nomirror
set for [i=1:row_count] ytics add (word(names, i) -i)
set yrange [-row_count - 0.5 : -0.5]
set key outside bottom center horizontal samplen 1 width -2
set rmargin 8
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "black" lw 1 back

peers = "open_memstream fmemopen tmpfile memfd"
array color[4] = ["#0072b2", "#d55e00", "#009e73", "#aa4499"]
array full[4] = [7, 5, 9, 13]
array hollow[4] = [6, 4, 8, 12]

plot for [i=1:words(peers)] figures every ::1 \
        using (target(word(peers, i))):(line_of(strcol(1))) \
        with points pt hollow[i] ps 0.9 lc rgb color[i] notitle, \
    for [i=1:words(peers)] figures every ::1 \
        using (times(word(peers, i))):(line_of(strcol(1))) \
        with points pt full[i] ps 0.9 lc rgb color[i] title word(peers, i)
