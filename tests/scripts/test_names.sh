#!/bin/sh
# A name at file scope has one meaning in all of lib/, even if it is static. So a backtrace
# names one place, and the library can be compiled as one file.

set -eu
export LC_ALL=C
cd "${srcdir:-.}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# Prints NAME, a tab and FILE:LINE for each function, variable, type, enumeration constant
# and macro that the files define. TEXT is the declaration so far, DEPTH the number of open
# braces.
cat >"$scratch/names.awk" <<'AWK'
function found(name)
{
    print name "\t" FILENAME ":" FNR
}

# Attributes have parentheses, as the parameters of a function have.
function without_attributes(declaration)
{
    gsub(/_Atomic\([^()]*\)/, "", declaration)
    gsub(/__attribute__ *\(\([^()]*(\([^()]*\))?[^()]*\)\)/, "", declaration)
    sub(/=.*/, "", declaration)
    return declaration
}

function declared_name(declaration)
{
    sub(/[[(].*/, "", declaration)
    sub(/ +$/, "", declaration)
    sub(/.*[ *]/, "", declaration)
    return declaration
}

# Two files may define the same external function for two C libraries, because only one of them
# is compiled. The linker reports any other pair.
function function_name(declaration)
{
    found((declaration ~ /^ *static/ ? "" : "extern ") declared_name(declaration))
}

function open_brace(    declaration)
{
    is_enum = text ~ /^ *(typedef )?enum( [a-z_]+)? *$/
    if (depth++ != 0) {
        text = ""
        return
    }
    declaration = without_attributes(text)
    is_type = text ~ /^ *(typedef )?(struct|union|enum)( [A-Za-z_0-9]+)? *$/
    is_function = !is_type && text !~ /=/ && declaration ~ /\(/
    if (is_function)
        function_name(declaration)
    else if (is_type && text !~ /(struct|union|enum) *$/)
        found("struct " declared_name(text))
    outer = is_function ? "" : text
    text = ""
}

function close_brace()
{
    end_constant()
    is_enum = 0
    text = --depth == 0 ? outer : ""
}

function end_constant()
{
    if (is_enum && match(text, /[A-Za-z_][A-Za-z_0-9]*/))
        found(substr(text, RSTART, RLENGTH))
}

# A prototype defines nothing.
function end_declaration(    declaration)
{
    declaration = without_attributes(text)
    if (text ~ /^ *typedef/ || (text ~ /^ *static/ && declaration !~ /\(/))
        found(declared_name(declaration))
}

function read_character(character)
{
    if (character == "{")
        open_brace()
    else if (character == "}")
        close_brace()
    else if (character == ";" || (character == "," && is_enum)) {
        if (depth == 0)
            end_declaration()
        end_constant()
        text = ""
    } else
        text = text character
}

FNR == 1 {
    if (depth != 0)
        print "unmatched brace\t" before
    before = FILENAME
    comment = continued = depth = 0
    is_enum = 0
    text = ""
}

# Removes comments and quoted text.
{
    line = $0
    gsub(/\\./, "", line)
    gsub(/"[^"]*"/, "0", line)
    gsub(/'[^']'/, "0", line)
    code = ""
    while (line != "") {
        mark = comment ? "*/" : "/*"
        at = index(line, mark)
        piece = at ? substr(line, 1, at - 1) : line
        line = at ? substr(line, at + 2) : ""
        if (!comment)
            code = code piece
        if (at)
            comment = !comment
    }
}

# Skips lines of the preprocessor, with their continuation lines.
continued || code ~ /^#/ {
    if (!continued && match(code, /^# *define +[A-Za-z_0-9]+/)) {
        macro = substr(code, 1, RLENGTH)
        sub(/.* /, "", macro)
        found(macro)
    }
    continued = code ~ /\\$/
    next
}

{
    for (i = 1; i <= length(code); i++)
        read_character(substr(code, i, 1))
    read_character(" ")
}
AWK
awk -f "$scratch/names.awk" lib/*/*.[ch] >"$scratch/names"
! grep '^unmatched brace' "$scratch/names" || exit 1
test "$(wc -l <"$scratch/names")" -gt 1000 || { echo 'FAIL: few names found in lib/'; exit 1; }

# A name may occur twice in one file: #if chooses one, or the compiler complains.
awk -F '\t' '
{
    name = $1
    is_static = !sub(/^extern /, "", name)
    file = $2
    sub(/:.*/, "", file)
    if (is_static)
        statics[name] = 1
    if (!seen[name, file]++) {
        files[name]++
        places[name] = places[name] " " $2
    }
}
END {
    for (name in files) {
        if (files[name] > 1 && name in statics) {
            print name " stands for several things:" places[name]
            failed = 1
        }
    }
    exit failed
}' "$scratch/names"
