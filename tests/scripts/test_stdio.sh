#!/bin/sh
# Tests the ways to replace fopen when code is compiled: -include filelike_stdio.h, and the
# directory with a stdio.h of its own. Each program of tests/programs/replaced is compiled by
# every compiler here. With names in memory it must print the same as with files and nothing
# replaced, and leave no file. A few programs must not compile. A source must also see the same
# macros as without the replacement. Only one compiler has the library; for the others a few
# lines replace it.

set -u
export LC_ALL=C
: "${CC:=cc}" "${CFLAGS:=}" "${LDFLAGS:=}"
libraries=$PWD/lib/.libs
source=$(cd "${srcdir:-.}" && pwd)
programs=$source/tests/programs/replaced
header=$source/lib/filelike_stdio.h
directory=$source/lib/filelike/stdio
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
mkdir names files empty
export NAMES="$scratch/names"
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# ---- One program ----------------------------------------------------------------------

strict='-Wall -Wextra -Werror'

# flags COMPILER PROGRAM: prints the flags that all ways need.
flags()
{
    case $1 in
    tcc) ;;
    *) echo "$strict" ;;
    esac
    case $2 in
    old.c) test "$1" = tcc || echo '-ansi -pedantic' ;;
    *.cc) echo '-std=c++11' ;;
    esac
}

# expects_error COMPILER PROGRAM WAY: glibc gives functions a second name for the linker with
# _FILE_OFFSET_BITS, and clang cannot replace it. Other compilers have only macros, which break
# members of the same names.
expects_error()
{
    case $1:$2:$3 in
    *musl*:*) return 1 ;;
    *clang*:offset_bits.*:include) ;;
    tcc:*:include | tcc:members.c:*) ;;
    *) return 1 ;;
    esac
}

# replacing WAY: prints its flags.
replacing()
{
    case $1 in
    include) echo "-include $header" ;;
    directory) echo "-I$directory" ;;
    esac
}

# compile COMPILER PROGRAM OUTPUT FLAG...
compile()
{
    compiler=$1 program=$2 output=$3
    shift 3
    # shellcheck disable=SC2046,SC2086 # lists
    $compiler $(flags "$compiler" "$program") "$@" "$programs/$program" -o "$output" >said 2>&1
}

# run PROGRAM PREFIX DIRECTORY
run()
{
    (cd "$3" && timeout 20 ../"$1" "$2"; echo "status $?") 2>&1
}

# The macros that a source sees. Only some programs define feature test macros.
sees_the_same()
{
    case $2 in
    gnu_source.c | offset_bits.*) ;;
    *) return ;;
    esac
    # shellcheck disable=SC2046 # a list
    compile "$1" "$2" plain.macros -E -dM &&
        compile "$1" "$2" other.macros -E -dM $(replacing "$3") || return 0
    sort plain.macros >plain.sorted
    grep -v '^#define FILELIKE_STDIO_H *$' other.macros | sort | diff plain.sorted - >difference &&
        return
    fail "$1, $2, $3: the source sees other macros:"
    cat difference
}

# try COMPILER PROGRAM WAY LIBRARY...: the program is linked with these libraries.
try()
{
    what="$1, $2, $3" replaced=$(replacing "$3")
    compiler=$1 program=$2 way=$3
    shift 3
    # shellcheck disable=SC2086 # a list
    compile "$compiler" "$program" other.o -c $replaced
    status=$?
    if expects_error "$compiler" "$program" "$way"; then
        test "$status" -ne 0 || fail "$what: compiles, although it cannot be replaced"
        return
    fi
    test "$status" -eq 0 || { fail "$what: does not compile:"; cat said; return; }
    $compiler other.o "$@" -o other >said 2>&1 || { fail "$what: does not link:"; cat said; return; }
    run other memory: empty >got
    diff wanted got || fail "$what: prints something else (see above)"
    rmdir empty names 2>/dev/null || fail "$what: leaves files: $(ls empty names)"
    rm -rf empty names
    mkdir empty names
    test "$compiler" = tcc || sees_the_same "$compiler" "$program" "$way"
    tried=$((tried + 1))
}

# ---- One compiler ---------------------------------------------------------------------

# The unchanged program runs with files. Its output is the one that is wanted.
prepare()
{
    compile "$1" "$2" plain.o -c && $1 plain.o -o plain >said 2>&1 || return
    run plain '' files >wanted
    grep -q '^status 0' wanted || fail "$1, $2: fails with files"
}

# try_compiler COMPILER PATTERN LIBRARY...
try_compiler()
{
    compiler=$1 pattern=$2 tried=0 failed_before=$failures
    shift 2
    for path in "$programs"/$pattern; do
        program=$(basename "$path")
        test "$program" != stand_in.c || continue
        prepare "$compiler" "$program" || continue
        for way in include directory; do
            try "$compiler" "$program" "$way" "$@"
        done
    done
    if test "$failures" -gt "$failed_before"; then
        echo "FAIL: $compiler (above)"
    elif test "$tried" -gt 0; then
        echo "ok: $compiler, programs replaced: $tried"
    else
        echo "skipped: $compiler compiles no $pattern here"
    fi
}

try_with_stand_in()
{
    if ! $1 -c "$programs/stand_in.c" -o stand_in.o >said 2>&1; then
        echo "skipped: $2 is not installed, or has no C library"
    elif cannot_run "$1"; then
        echo "skipped: $2: this kernel does not run its programs"
    else
        try_compiler "$2" "$3" "$scratch/stand_in.o"
    fi
}

# cannot_run COMPILER: some kernels run no programs of 32 bits.
cannot_run()
{
    echo 'int main(void) { return 0; }' >nothing.c
    $1 nothing.c -o nothing >said 2>&1 && ! ./nothing 2>/dev/null
}

# Debian has no package of clang with musl, so the headers and the linking are musl-gcc's.
make_musl_clang()
{
    headers=$(echo '#include <features.h>' | musl-gcc -M -x c - 2>/dev/null |
        sed -n 's|.* \(/.*\)/features\.h.*|\1|p')
    test -n "$headers" && cat >musl-clang <<END
#!/bin/sh
case " \$* " in
*' -c '* | *' -E '*)
    exec clang -nostdlibinc -isystem "$headers" "\$@" ;;
esac
exec musl-gcc "\$@"
END
    chmod +x musl-clang 2>/dev/null
}

# The library itself, with the compiler that it was built with.
try_library()
{
    if test -e "$libraries/libfilelike.so"; then
        try_compiler "$CC $CFLAGS $LDFLAGS" '*.c' -L"$libraries" -Wl,-rpath,"$libraries" -lfilelike
    else
        try_compiler "$CC $CFLAGS $LDFLAGS" '*.c' "$libraries/libfilelike.a" -lpthread
    fi
}

try_library
try_with_stand_in gcc gcc '*.c'
try_with_stand_in clang clang '*.c'
# The cross compiler for 32 bits of this processor, whose programs run here.
i686="-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 -Wl,-rpath=/usr/i686-linux-gnu/lib"
try_with_stand_in "i686-linux-gnu-gcc $i686" "i686-linux-gnu-gcc $i686" '*.c'
try_with_stand_in 'gcc -m32' 'gcc -m32' '*.c'
try_with_stand_in 'clang -m32' 'clang -m32' '*.c'
try_with_stand_in musl-gcc musl-gcc '*.c'
make_musl_clang
try_with_stand_in ./musl-clang ./musl-clang '*.c'
try_with_stand_in 'musl-gcc -m32' 'musl-gcc -m32' '*.c'
try_with_stand_in tcc tcc '*.c'
try_with_stand_in gcc g++ '*.cc'
try_with_stand_in clang clang++ '*.cc'
try_with_stand_in 'gcc -m32' 'g++ -m32' '*.cc'
try_with_stand_in 'clang -m32' 'clang++ -m32' '*.cc'

test "$failures" -eq 0
