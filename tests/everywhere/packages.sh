# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Packages of other distributions, as far as they can be built here. Sourced by run.sh.

make_tarball()
{
    clone && mkdir build && cd build && ../source/configure -q && make dist-xz
}

check_package()
{
    case $1 in
    rpm) build_rpm ;;
    apk) run_apkbuild ;;
    *) echo "there is no such package: $1" && false ;;
    esac
}

# Its dependencies are Debian's here, which rpm does not see. Its tests run elsewhere.
build_rpm()
{
    need rpmbuild rpm
    make_tarball && rpmbuild -ta --nodeps --nocheck --define "_topdir $PWD/rpm" filelike-*.tar.xz &&
        test "$(find rpm/RPMS -name '*.rpm' | wc -l)" -ge 2
}

# abuild's part is played by this shell: the sources unpacked, the functions called there.
run_apkbuild()
{
    need musl-gcc musl-tools
    make_tarball && mkdir unpacked && tar -xf filelike-*.tar.xz -C unpacked --strip-components=1 &&
        (
            set -e
            # shellcheck source=/dev/null
            . "$PWD/packaging/APKBUILD"
            export CC=musl-gcc PKG_CONFIG=false pkgdir=$PWD/installed
            cd unpacked
            build
            package
        ) && test -e installed/usr/lib/libfilelike.so.1 && test -e installed/usr/include/filelike.h
}
