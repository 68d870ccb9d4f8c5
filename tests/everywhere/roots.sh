# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Fresh roots of other releases. debootstrap makes them from the mirror that apt uses here.
# README's two commands do the whole set-up in them. Sourced by run.sh.

# shellcheck disable=SC2034 # run.sh uses it
# The tests that once failed only in another release, and more quick ones.
quick_tests='tests/unit/facts tests/unit/check_temporary tests/unit/check_stream
    tests/unit/check_wide tests/unit/check_atomic tests/system/scenario_meanwhile
    tests/system/fault_scenarios tests/system/scenario_standard tests/scripts/test_readme.sh'

mirror()
{
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -m 1 '/debian/*$'
}

# make_root RELEASE DIRECTORY: an old release file is accepted, because its date is not
# checked.
make_root()
{
    need debootstrap debootstrap
    local uri
    uri=$(mirror)
    test -n "$uri" || skip 'apt uses no mirror of Debian here'
    debootstrap --variant=minbase --include=ca-certificates "$1" "$2" "$uri" ||
        skip "a root of $1 cannot be made from $uri"
    cp /etc/resolv.conf /etc/hosts "$2/etc/"
    printf 'Acquire::Check-%s "false";\n' Valid-Until Date >"$2/etc/apt/apt.conf.d/99dates"
    enter_root "$2"
}

enter_root()
{
    mount -t proc proc "$1/proc" && mount --rbind --make-rslave /dev "$1/dev" || skip 'mounts are not allowed here'
}

# Unmounts all roots, also those of a place that was interrupted.
leave_roots()
{
    local point
    grep -oE " $work/[^ ]*" /proc/self/mounts | sort -r | while read -r point; do
        umount --lazy "$point"
    done
}

in_root()
{
    chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        MAKEFLAGS="${MAKEFLAGS-}" \
        timeout "$limit_seconds" sh -c "$2"
}

# Prints README's command for TARGET as it stands there.
readme_command()
{
    sed -n "s|^    \(\./bootstrap && .* make $1\)\$|\1|p" "$root/README"
}

# check_root RELEASE [TESTS]: runs README's two commands, with all tests or only those named.
check_root()
{
    local check
    check=$(readme_command check)
    make_root "$1" "$PWD/root" && git clone --quiet "$root" root/root/filelike &&
        in_root root "cd /root/filelike && $(readme_command demo)" &&
        in_root root "cd /root/filelike && export VERBOSE=1 && $check${2+ TESTS='$(echo $2)'}"
}

# check_tarball RELEASE: builds and tests the tarball with a compiler and make alone. The root
# has neither autotools nor Check nor pkg-config, and the build has no network.
check_tarball()
{
    local packages='gcc libc6-dev make'
    (make_tarball) && make_root "$1" "$PWD/root" && mkdir root/root/filelike &&
        tar -xf build/filelike-*.tar.xz -C root/root/filelike --strip-components=1 &&
        in_root root "apt-get update && apt-get install -y --no-install-recommends $packages" &&
        in_root root 'cd /root/filelike && unshare --net sh -c "./configure && make && make check"'
}

# Runs the proofs of tests/proofs with the CBMC of Debian 13.
check_proofs()
{
    make_root trixie "$PWD/root" && git clone --quiet "$root" root/root/filelike &&
        in_root root 'apt-get update && apt-get install -y --no-install-recommends cbmc' &&
        in_root root 'cd /root/filelike && ./bootstrap && ./configure && tests/scripts/test_proofs.sh'
}
