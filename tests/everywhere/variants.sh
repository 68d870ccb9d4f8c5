# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Other compilers and language standards. Sourced by run.sh.

build_and_check()
{
    clone && mkdir build && cd build && ../source/configure -q --enable-werror "$@" &&
        VERBOSE=1 timeout "$limit_seconds" make check
}

check_variant()
{
    case $1 in
    gcc-c2x) build_and_check CC=gcc CFLAGS='-g -O2 -std=c2x' ;;
    clang-c2x) need clang clang && build_and_check CC=clang CFLAGS='-g -O2 -std=c2x' ;;
    lto) link_time_optimization ;;
    time64) time_of_64_bits ;;
    sid-c23) newest_standard ;;
    one-file) amalgamation ;;
    *) echo "there is no such variant: $1" && false ;;
    esac
}

# The library, the examples and the bench are made so. The tests are not: their stand-ins, and
# the linker that wraps calls, need the tests' files to stay objects of their own.
link_time_optimization()
{
    clone && mkdir build && cd build && ../source/configure -q --enable-werror CFLAGS='-O3 -flto' &&
        make && VERBOSE=1 timeout "$limit_seconds" make check CFLAGS='-g -O3'
}

# A 32-bit build whose time_t has 64 bits.
time_of_64_bits()
{
    check_i686 CPPFLAGS='-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64'
}

newest_standard()
{
    local packages='gcc clang libc6-dev make autoconf automake libtool pkg-config autoconf-archive check'
    make_root sid "$PWD/root" && git clone --quiet "$root" root/root/filelike &&
        in_root root "apt-get update && apt-get install -y --no-install-recommends $packages" &&
        for compiler in gcc clang; do
            in_root root "cd /root/filelike && ./bootstrap --no-install && rm -rf build && mkdir build &&
                cd build && ../configure -q --enable-werror CC=$compiler CFLAGS='-g -O2 -std=c23' &&
                VERBOSE=1 make check" || return
        done
}

# Runs the long tests, too, with filelike.c in place of the library.
amalgamation()
{
    clone && mkdir build && cd build && ../source/configure -q && make && make check TESTS= &&
        ALL=1 VERBOSE=1 timeout "$limit_seconds" make check TESTS=tests/scripts/test_amalgamation.sh
}
