#!/bin/sh
# The attributes of filelike.h. The compiler must warn about programs that misuse the library,
# and must not warn about the idioms of the manual.
set -eu
source=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
failures=0

fail()
{
    echo "$*"
    failures=$((failures + 1))
}

# compile COMPILER FLAG...: compiles program.c, and writes the compiler's output to "said".
compile()
{
    compiler=$1
    shift
    "$compiler" -std=c11 -Wall -Wextra "$@" -I"$source/lib" -c program.c -o program.o 2>said
}

# program STATEMENT...: writes a function with a stream F and a variable for a size.
program()
{
    {
        echo '#include <filelike.h>'
        echo '#include <stdlib.h>'
        echo 'int use(FILE *f, size_t *size);'
        echo 'int use(FILE *f, size_t *size)'
        echo '{'
        echo '    (void) f, (void) size;'
        printf '    %s\n' "$@"
        echo '    return 0;'
        echo '}'
    } >program.c
}

must_warn()
{
    program "$3"
    # shellcheck disable=SC2086 # flags are a list
    compile "$1" $2 || fail "$1 does not compile: $3"
    grep -q "$4" said || fail "$1 $2 does not warn ($4) of: $3"
}

must_not_warn()
{
    # shellcheck disable=SC2086 # flags are a list
    compile "$1" $2 || fail "$1 does not compile: $(cat program.c)"
    test ! -s said || fail "$1 $2 warns: $(cat said)"
}

warns_of_ignored_results()
{
    must_warn "$1" '' 'filelike_memory(NULL, NULL);' unused-result
    must_warn "$1" '' 'filelike_reopen(f, "r");' unused-result
    must_warn "$1" '' 'filelike_detach(f, size);' unused-result
    must_warn "$1" '' 'filelike_persist(f, "x", 0);' unused-result
}

warns_of_null()
{
    must_warn "$1" '' 'return filelike_size(NULL) != 0;' nonnull
    must_warn "$1" '' 'return filelike_persist(f, NULL, 0);' nonnull
    must_warn "$1" '' 'return filelike_atomic(NULL, "w", NULL) == NULL;' nonnull
}

# The results of these may be ignored, and these arguments may be NULL.
allows_idioms()
{
    program 'filelike_keep(f);' 'filelike_discard(f);' 'filelike_rollover(f);' \
        'filelike_truncate(f, 0);' 'filelike_budget_free(NULL);' \
        'FILE *g = filelike_bytes(NULL, 0, NULL, NULL);' 'if (g == NULL)' '    return 1;' \
        'free(filelike_detach(g, NULL));' 'return fclose(g) != 0;'
    must_not_warn "$1" '-O2'
    program 'FILELIKE_AUTO FILE *g = filelike_spooled("w+", NULL);' 'if (g == NULL)' \
        '    return 1;' 'fputs("x", g);' 'return filelike_view(g, size) == NULL;'
    must_not_warn "$1" '-O2'
}

check()
{
    command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; return; }
    warns_of_ignored_results "$1"
    warns_of_null "$1"
    allows_idioms "$1"
}

check gcc
check clang
# Only gcc's analyzer follows a stream until it is closed.
if command -v gcc >/dev/null && test "$(gcc -dumpversion | cut -d . -f 1)" -ge 11; then
    must_warn gcc -fanalyzer 'FILE *g = filelike_memory("w", NULL); if (g) fputs("x", g);' \
        'leak'
    program 'FILE *g = filelike_memory("w", NULL);' 'if (g == NULL)' '    return 1;' \
        'fputs("x", g);' 'return fclose(g) != 0;'
    must_not_warn gcc -fanalyzer
fi
test "$failures" -eq 0
