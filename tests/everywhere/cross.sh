# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Other processors: a cross build, and its tests under qemu's user emulation. Sourced by
# run.sh.

# Those tests that need no framework and no shell. The others ask of a kernel what the
# emulation does not give; each with its reason.
emulated_tests=(
    tests/unit/facts tests/system/allocation tests/system/differential
    tests/system/fault_scenarios tests/system/scenario_cancel tests/system/scenario_kill
    tests/system/scenario_limits tests/system/scenario_malloc
    tests/system/scenario_meanwhile tests/system/scenario_streams fuzz/replay
)
not_emulated='tests/system/scenario_memory: qemu itself takes of the limits of memory
tests/system/scenario_mounts: it starts programs of this processor in namespaces of its own
tests/system/scenario_tmpdir: a set-user-ID program cannot be started through qemu'

# The compiler's name for each, and qemu's.
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
    i686) echo ;; # this processor runs it
    ppc64el) echo qemu-ppc64le-static ;;
    *) echo "qemu-$1-static" ;;
    esac
}

# The processors whose tests are run; those beside them are built.
is_tested()
{
    case $1 in
    s390x | armhf | i686) true ;;
    *) false ;;
    esac
}

check_cross()
{
    local triplet emulator
    triplet=$(triplet_of "$1") || { echo "there is no such processor here: $1"; return 1; }
    emulator=$(emulator_of "$1")
    need "$triplet-gcc" "gcc-$triplet" "libc6-dev-$(library_name "$1")-cross"
    test -z "$emulator" || need "$emulator" qemu-user-static
    clone && mkdir build && cd build &&
        ../source/configure -q --host="$triplet" --disable-shared --enable-werror \
            PKG_CONFIG=false ac_cv_header_csv_h=no &&
        make && make check TESTS= || return
    is_tested "$1" || return 0
    emulate "$triplet" "$emulator"
}

library_name()
{
    case $1 in
    i686) echo i386 ;;
    *) echo "$1" ;;
    esac
}

# emulate TRIPLET EMULATOR: the tests of the build in this directory. A native processor
# needs the C library of the cross compiler only.
emulate()
{
    local run=(timeout 300)
    if test -n "$2"; then
        run+=("$2" -L "/usr/$1")
        echo "$not_emulated" | sed 's/^/SKIP: /'
    else
        run+=("/usr/$1/lib/ld-linux.so.2" --library-path "/usr/$1/lib")
    fi
    VERBOSE=1 timeout "$limit_seconds" make check TESTS="${emulated_tests[*]}" LOG_COMPILER="${run[*]}"
}
