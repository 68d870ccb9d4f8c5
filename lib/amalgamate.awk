# Writes the whole library as one file of C, filelike.c, which is compiled beside filelike.h
# without configuration:
#
#     awk -v version=VERSION -v top=SOURCE_DIRECTORY -f amalgamate.awk lib/SOURCE...
#
# Each header of lib/ is taken in where a source first includes it. What a header declares
# is made static there, which holds for the definition, too. A variable is defined there, with
# the value 0. With -v lines=yes the compiler knows each line by its file and
# number in lib/.

function take_preamble(line)
{
    while ((getline line < (top "/lib/amalgamation.h")) > 0) {
        gsub(/@VERSION@/, version, line)
        print line
    }
}

# A header that a condition may leave out does not count as taken.
function take_header(name,   conditional)
{
    conditional = depth > 0
    if (name in taken)
        return
    if (!conditional)
        taken[name] = 1
    depth = conditional - 1 # its guard is no condition
    take(name, 1)
    depth = conditional
}

function take_line(line, is_header,   words)
{
    if (line ~ /^extern /) {
        variables[++variable_count] = substr(line, length("extern ") + 1)
        sub(/^extern/, "static", line)
    } else if (is_header && line ~ /^[A-Za-z].*\(/ && line !~ /^(static|typedef) /) {
        words = substr(line, 1, index(line, "(") - 1)
        if (words !~ /[ *]filelike_[a-z_]*$/)
            line = "static " line
    } else if (is_variable(line))
        line = ""
    print line
}

function is_variable(line,   i)
{
    for (i = 1; i <= variable_count; i++)
        if (line == variables[i])
            return 1
    return 0
}

function name_line(file, number)
{
    if (lines)
        printf "#line %d \"%s\"\n", number, file
}

function take(name, is_header,   file, line, number)
{
    file = top "/lib/" name
    printf "\n/* ==== %s ==== */\n\n", name
    name_line(file, 1)
    for (number = 1; (getline line < file) > 0; number++) {
        if (line ~ /^#if/)
            depth++
        else if (line ~ /^#endif/)
            depth--
        if (line !~ /^#include (<config.h>|")/) {
            take_line(line, is_header)
            continue
        }
        if (line ~ /"[a-z]+\//)
            take_header(substr(line, 11, length(line) - 11))
        name_line(file, number + 1)
    }
    close(file)
}

BEGIN {
    take_preamble()
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] ~ /\.c$/)
            take(substr(ARGV[i], length("lib/") + 1), 0)
}
