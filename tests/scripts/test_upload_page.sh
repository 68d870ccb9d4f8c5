#!/bin/sh
# Tests the page of examples/upload in a real browser, as a person uses it: chooses a file,
# presses the button and reads the answer. chromedriver controls the browser; it speaks
# WebDriver (JSON over HTTP).

set -u
. "${srcdir:-.}/tests/scripts/upload.sh"
for program in chromedriver curl timeout; do
    command -v $program >/dev/null || skip "$program is not installed, to try the page with"
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "no Chromium is installed, to try the page with"

driver_process=''
session=''
# shellcheck disable=SC2317 # the trap calls it
end_browser() {
    test -z "$session" || call DELETE '' >/dev/null
    test -z "$driver_process" || kill "$driver_process" 2>/dev/null
    test -z "$driver_process" || wait "$driver_process" 2>/dev/null
    clear_away
}
trap end_browser EXIT

# ---- WebDriver ------------------------------------------------------------------------

start_driver() {
    chromedriver --port=0 >"$scratch/driver.log" 2>&1 &
    driver_process=$!
    for _ in $(seq 300); do
        driver=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$scratch/driver.log")
        test -z "$driver" || return 0
        sleep 0.1
    done
    cat "$scratch/driver.log"
    skip "chromedriver does not start"
}

# request METHOD ADDRESS [JSON]
request() {
    curl --silent --max-time 60 --request "$1" --header 'Content-Type: application/json' \
        ${3+--data "$3"} "http://127.0.0.1:$driver/$2"
}

# call METHOD COMMAND [JSON]: sends a command of the session.
call() {
    method=$1 command=$2
    shift 2
    request "$method" "session/$session$command" "$@"
}

# Prints the string that is the value of the answer, or of NAME in it.
value() {
    sed -n 's/.*"'"${1-value}"'":"\([^"]*\)".*/\1/p'
}

start_session() {
    options='"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--no-proxy-server", "--user-data-dir='"$scratch/profile"'"'
    answer=$(request POST session '{"capabilities": {"alwaysMatch": {"goog:chromeOptions":
        {"binary": "'"$browser"'", "args": ['"$options"']}}}}')
    session=$(echo "$answer" | value sessionId)
    test -n "$session" || skip "the browser does not start: $answer"
}

# Prints the element that a CSS selector finds.
element() {
    call POST /element '{"using": "css selector", "value": "'"$1"'"}' |
        value 'element-6066-11e4-a52e-4f735466cecf'
}

# ---- The page -------------------------------------------------------------------------

# upload FILE: prints the text of the page once the upload is done.
upload() {
    call POST /url '{"url": "'"$address"'"}' >/dev/null
    input=$(element 'input[type=file]')
    output=$(element output)
    call POST "/element/$input/value" '{"text": "'"$1"'"}' >/dev/null
    call POST "/element/$(element button)/click" '{}' >/dev/null
    for _ in $(seq 300); do
        text=$(call GET "/element/$output/text" | value)
        case $text in
        '' | Uploading*) sleep 0.1 ;;
        *) break ;;
        esac
    done
    echo "$text"
}

expect_page() {
    name=$1 wanted=$2 file=$3
    got=$(upload "$file")
    if test "$got" = "$wanted"; then
        echo "ok: $name: $got"
    else
        fail "$name: the page says '$got', not '$wanted'"
    fi
}

start_server --size-limit 1M --memory-limit 64K
start_driver
start_session

printf 'a,b\n1,2\n3,4\n' >"$scratch/good.csv"
printf 'a\n' >"$scratch/small.csv"
printf 'a,b\n1,2,3\n' >"$scratch/bad.csv"
awk 'BEGIN { for (i = 0; i < 50000; i++) print "1234567,1234567890" }' >"$scratch/disk.csv"
head -c 3000000 /dev/zero >"$scratch/large.csv"

expect_page 'a table' '3 rows, 2 columns, 12 bytes' "$scratch/good.csv"
expect_page 'one of everything' '1 row, 1 column, 2 bytes' "$scratch/small.csv"
expect_page 'a table that goes to disk' '50000 rows, 2 columns, 950000 bytes' \
    "$scratch/disk.csv"
expect_page 'a malformed table' \
    'Refused (400): line 2: a row with more or fewer columns than the first' \
    "$scratch/bad.csv"
expect_page 'a table too large' \
    'Refused (413): the file is larger than the limit: 1048576 bytes' "$scratch/large.csv"

stop_server
finish
