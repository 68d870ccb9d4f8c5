# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here
# Packages of other distributions, as far as this machine can build them. Sourced by run.sh.

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

# rpm does not see that Debian's packages satisfy the dependencies. The package's tests run
# elsewhere.
build_rpm()
{
    need rpmbuild rpm
    make_tarball && rpmbuild -ta --nodeps --nocheck --define "_topdir $PWD/rpm" filelike-*.tar.xz &&
        test "$(find rpm/RPMS -name '*.rpm' | wc -l)" -ge 2
}

# This shell replaces abuild: it unpacks the sources and calls the functions.
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
