#!/bin/sh
# The manual as HTML. Each page exists. Each internal link leads to an existing page and place,
# and each other link leads to the system's manual.
set -eu
source=$(cd "${srcdir:-.}" && pwd)
command -v mandoc >/dev/null || { echo 'skipped: mandoc is not installed'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$source/man/html.sh" "$work/html"
cd "$work/html"
status=0

fail()
{
    echo "$*"
    status=1
}

for page in "$source"/man/filelike*.3; do
    name=$(basename "$page" .3)
    test -s "$name.html" || fail "man/$name.3 has no page"
    grep -q "href=\"$name.html\"" index.html || fail "index.html does not lead to $name.html"
done

# "FILE LINK" lines.
for file in *.html; do
    grep -oE '(href|src)="[^"]*"' "$file" | sed -E 's/^[a-z]+="//; s/"$//' |
        sort -u | sed "s|^|$file |"
done >links
test -s links

while read -r file link; do
    case $link in
    https://man7.org/linux/man-pages/man[1-8]/*.html) continue ;;
    http*) fail "$file: $link leads elsewhere"; continue ;;
    esac
    target=${link%%#*}
    target=${target:-$file}
    test -f "$target" || { fail "$file: $link: there is no $target"; continue; }
    case $link in
    *\#*) grep -qF "id=\"${link#*#}\"" "$target" || fail "$file: $link: no such place" ;;
    esac
done <links

grep -q 'src="chart.svg"' index.html || fail "index.html shows no chart"

# The index by task has as many rows as that of filelike(3).
rows=$(sed -n '/^\.Ss Which stream/,/^\.Ss Rules/s/^\.It .* Ta Xr .*/x/p' "$source/man/filelike.3" | wc -l)
test "$(grep -c '^<tr>' index.html)" -eq "$rows" || fail "the index by task lacks some of its $rows rows"
exit "$status"
