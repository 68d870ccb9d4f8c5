#!/bin/sh
# Renders the manual as HTML pages: one for each page of the manual, and an index by task.
#
# usage: man/html.sh DIRECTORY     (make html does it)
set -eu
directory=$1
source=$(cd "$(dirname "$0")/.." && pwd)
elsewhere='https://man7.org/linux/man-pages/man%S/%N.%S.html'

pages=$(cd "$source/man" && echo filelike*.3)
mkdir -p "$directory"
cp "$source/man/style.css" "$directory/"

# The names in the NAME section of a page, its own first.
names_in()
{
    awk '/^\.Sh / { on = $2 == "NAME" } on && $1 == ".Nm" { print $2 }' "$source/man/$1"
}

# mandoc links to a page of ours where that exists, else to the system's manual. A name
# without a page of its own gets an empty one meanwhile; its links then lead to the page
# that names it.
render()
{
    (
        cd "$directory"
        for page in $pages; do
            names_in "$page" | while read -r name; do
                test -e "$name.html" || : >"$name.html"
            done
        done
        for page in $pages; do
            mandoc -T html -O "style=style.css,toc,man=%N.html;$elsewhere" \
                "$source/man/$page" >"${page%.3}.new"
        done
        rm -f -- *.html
    )
}

# A line "s" of sed for each name without a page of its own.
aliases()
{
    for page in $pages; do
        names_in "$page" | while read -r name; do
            test "$name" = "${page%.3}" ||
                echo "s|href=\"$name\\.html\"|href=\"${page%.3}.html#$name\"|g"
        done
    done
}

finish()
{
    aliases >"$directory/aliases"
    for page in $pages; do
        name=${page%.3}
        sed -f "$directory/aliases" \
            -e 's|<html>|<html lang="en">|' \
            -e 's|<body>|<body><nav><a href="index.html">filelike</a></nav>|' \
            "$directory/$name.new" >"$directory/$name.html"
        rm "$directory/$name.new"
    done
}

# ---- The index ------------------------------------------------------------------------

# The two tables of filelike(3), "Which stream do I want", as rows.
tasks()
{
    awk '
    /^\.Ss / { on = /Which stream/; next }
    on && /^\.Bl -column/ { print "<table class=\"tasks\">" }
    on && /^\.It / && / Ta Xr / {
        sub(/^\.It /, "")
        split($0, column, / Ta Xr /)
        split(column[2], name, " ")
        printf "<tr><td>%s</td><td><a href=\"%s.html\">%s</a></td></tr>\n", \
            column[1], name[1], name[1]
    }
    on && /^\.El/ { print "</table>" }
    ' "$source/man/filelike.3" | sed -f "$directory/aliases"
}

page_list()
{
    for page in $pages; do
        printf '<li><a href="%s.html">%s</a>: %s</li>\n' "${page%.3}" "${page%.3}(3)" \
            "$(sed -n 's/^\.Nd //p' "$source/man/$page")"
    done
}

# README's table against the peers, with its notes.
peers()
{
    echo '<pre>'
    awk '/^What it does that others do not/ { on = 1; getline; next }
        /^Traps/ { on = 0 } on' "$source/README" |
        sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'
    echo '</pre>'
}

# The chart that make bench drew in this build, or else that of the release.
chart()
{
    if test -s bench/figures.svg; then
        cp bench/figures.svg "$directory/chart.svg"
    else
        cp "$source/bench/chart.svg" "$directory/"
    fi
    echo '<h2 id="speed">Speed</h2>'
    echo '<p><img src="chart.svg" alt="How many times as fast as its peers"></p>'
}

index()
{
    cat <<'HTML'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="style.css">
<title>filelike</title>
</head>
<body>
<main>
<h1>filelike</h1>
<p>Plain <code>FILE *</code> streams backed by memory, by memory that spools to disk, by
temporary, named and atomically published files.</p>
<h2 id="tasks">What do you want?</h2>
HTML
    tasks
    echo '<h2 id="pages">All pages</h2><ul>'
    page_list
    echo '</ul>'
    chart
    echo '<h2 id="peers">Beside its peers</h2>'
    peers
    echo '</main></body></html>'
}

render
finish
index >"$directory/index.html"
rm "$directory/aliases"
