# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Other processors: a cross build, and the tests without Check under qemu's user emulation.
# i686 needs no emulation, so its suites of Check run, too. Sourced by run.sh.

# The tests that emulation cannot run, each with the reason.
not_emulated='tests/system/scenario_children: the emulation knows no clone with a stack of its own
tests/system/scenario_filesystems: mounts are of the kernel below
tests/system/scenario_fork_handler: a child may find the lock that glibc has for handlers of fork held for ever
tests/system/scenario_fork_threads: a child may find a lock of the emulation itself held for ever
tests/system/scenario_malloc: its alarm rings before the emulation is through
tests/system/scenario_memory: the emulation leaves out limits of memory
tests/system/scenario_mounts: it starts programs of this processor in namespaces of its own
tests/system/scenario_tmpdir: a set-user-ID program cannot be started through qemu'

# shellcheck disable=SC2034 # run.sh uses it
# The tests that take more than five minutes under emulation. quick:PROCESSOR leaves them out,
# except for a few of the random sequences.
emulated_at_length='tests/system/allocation
tests/system/differential
tests/system/fault_scenarios
tests/system/scenario_kill
tests/system/scenario_misbehaving'
few_sequences=1

# The compiler's name and qemu's name for each processor.
triplet_of()
{
    case $1 in
    s390x) echo s390x-linux-gnu ;;
    armhf) echo arm-linux-gnueabihf ;;
    i686) echo i686-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    riscv64) echo riscv64-linux-gnu ;;
    ppc64el) echo powerpc64le-linux-gnu ;;
    *) return 1 ;;
    esac
}

emulator_of()
{
    case $1 in
    armhf) echo qemu-arm-static ;;
    arm64) echo qemu-aarch64-static ;;
    ppc64el) echo qemu-ppc64le-static ;;
    *) echo "qemu-$1-static" ;;
    esac
}

library_of()
{
    case $1 in
    i686) echo i386 ;;
    *) echo "$1" ;;
    esac
}

# build_cross PROCESSOR CONFIGURE-ARGUMENT...: builds the library and all test programs.
build_cross()
{
    local triplet processor=$1
    shift
    triplet=$(triplet_of "$processor") || { echo "there is no such processor here: $processor"; return 1; }
    need "$triplet-gcc" "gcc-$triplet" "libc6-dev-$(library_of "$processor")-cross"
    clone && mkdir build && cd build &&
        ../source/configure -q --host="$triplet" --disable-shared --enable-werror \
            PKG_CONFIG=false ac_cv_header_csv_h=no "$@" &&
        make && make check TESTS=
}

check_cross()
{
    local emulator
    emulator=$(emulator_of "$1")
    need "$emulator" qemu-user-static
    build_cross "$1" && emulate "${2-}" "$emulator" -L "/usr/$(triplet_of "$1")"
}

# emulate LEFT_OUT COMMAND...: runs the tests of the build in this directory.
emulate()
{
    local tests left_out=$1
    shift
    tests=$(programs_without_framework |
        grep -vxF -e "$(echo "$not_emulated" | sed 's/:.*//')" -e "${left_out:-none}")
    echo "$not_emulated" | sed 's/^/SKIP: /'
    test -z "$left_out" || "$@" tests/system/differential --sequences "$few_sequences" &&
        VERBOSE=1 timeout "$limit_seconds" make -k check TESTS="$(echo $tests)" \
            LOG_COMPILER="timeout $limit_seconds $*"
}

programs_without_framework()
{
    printf '%s\n' 'include Makefile' 'programs:' '	@echo $(check_PROGRAMS:$(EXEEXT)=)' |
        make -s -f - programs | tr ' ' '\n' | grep -v /check_
}

# ---- 32 bits of this processor --------------------------------------------------------

i686_flags='-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 -Wl,-rpath=/usr/i686-linux-gnu/lib'

# The programs run on this machine, with the C library of the cross compiler. So configure
# takes it for a native build, and all of make check is run.
check_i686()
{
    need i686-linux-gnu-gcc gcc-i686-linux-gnu libc6-dev-i386-cross
    echo 'int main(void) { return 0; }' >nothing.c
    # shellcheck disable=SC2086 # a list
    i686-linux-gnu-gcc $i686_flags nothing.c -o nothing || return
    ./nothing || skip 'this kernel runs no programs of 32 bits'
    build_framework i686-linux-gnu-gcc "$i686_flags" && clone && mkdir build && cd build &&
        ../source/configure -q --enable-werror CC=i686-linux-gnu-gcc LDFLAGS="$i686_flags" "$@" \
            PKG_CONFIG=false ac_cv_header_csv_h=no \
            CHECK_CFLAGS="-I$framework/include" CHECK_LIBS="-L$framework/lib -lcheck -lrt -lm -lpthread" &&
        make && VERBOSE=1 timeout "$limit_seconds" make check
}
