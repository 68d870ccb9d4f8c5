#!/bin/sh
# Runs bootstrap on simulated systems: PATH holds stand-ins for the tools, for the package
# managers and for sudo. Each stand-in logs its calls.

set -u
bootstrap=$(cd "${srcdir:-.}" && pwd)/bootstrap
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 99
failures=0

# stand_in NAME: makes a program in bin from standard input.
stand_in()
{
    { echo '#!/bin/sh'; cat; } >"bin/$1"
    chmod +x "bin/$1"
}

few_use='g++ abidiff bindfs chromedriver clang cmake curl mandoc meson mkfs.exfat mkfs.vfat ntfs-3g strace'

# A complete system: the user is root, and there is no package manager.
new_system()
{
    rm -rf bin include aclocal
    mkdir bin include include/curl include/nettle aclocal
    for name in sh env dirname basename tr cat touch chmod; do
        ln -s "$(command -v "$name")" "bin/$name"
    done
    for header in stdio.h archive.h check.h csv.h curl/curl.h microhttpd.h nettle/sha2.h zlib.h; do
        : >"include/$header"
    done
    : >aclocal/ax_append_compile_flags.m4
    for name in make automake libtoolize pkg-config mkfs.ext4 mkfs.xfs mkfs.btrfs $few_use; do
        stand_in "$name" </dev/null
    done
    echo "echo '$scratch/aclocal'" | stand_in aclocal
    echo "echo autoreconf \"\$@\" >>'$scratch/calls'" | stand_in autoreconf
    echo 'echo 0' | stand_in id
    stand_in cc <<END
read -r directive name
name=\${name#<}
test -e "$scratch/include/\${name%>}"
END
}

# add_manager NAME: makes a package manager that can install only Automake and libcsv.
add_manager()
{
    stand_in "$1" <<END
echo "$1" "\$@" >>'$scratch/calls'
case " \$* " in
*" check "*) echo 'no package check' >&2; exit 100 ;;
esac
for package in "\$@"; do
    case \$package in
    automake) touch '$scratch/bin/automake'; chmod +x '$scratch/bin/automake' ;;
    libcsv-*) touch '$scratch/include/csv.h' ;;
    esac
done
END
}

# expect NAME STATUS [ARGUMENT]: runs bootstrap. Its output must be what is in "said", and the
# programs that it calls must be those in "called".
expect()
{
    name=$1 status=$2
    shift 2
    : >calls
    env -i PATH="$scratch/bin" sh "$bootstrap" "$@" >really_said 2>&1
    got=$?
    if test "$got" -ne "$status"; then
        echo "exit status $got, not $status"
    else
        diff -u said really_said && diff -u called calls && echo "ok: $name" && return
    fi
    echo "FAIL: $name"
    failures=$((failures + 1))
}

apt_install='env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends'
going_on='Going on without it: some tests and examples will be left out.'

# bootstrap generates files beside itself, so the test runs a copy.
mkdir clone
cp "$bootstrap" clone/bootstrap
bootstrap=$scratch/clone/bootstrap

new_system
add_manager apt-get
: >said
echo 'autoreconf -fi' >called
expect "nothing is missing" 0

rm bin/automake include/csv.h
cat >said <<END
bootstrap: missing: Automake, libcsv
Install it: apt-get update && $apt_install automake libcsv-dev
END
: >called
expect "--no-install names the command" 1 --no-install

new_system
add_manager apt-get
rm include/csv.h
cat >said <<END
bootstrap: missing: libcsv
Install it: apt-get update && $apt_install libcsv-dev
$going_on
END
echo 'autoreconf -fi' >called
expect "--no-install goes on where nothing needed is missing" 0 --no-install

new_system
add_manager apk
rm bin/mandoc bin/ntfs-3g
cat >said <<'END'
bootstrap: some tests also use mandoc, ntfs-3g
Install it: apk add mandoc ntfs-3g ntfs-3g-progs
END
expect "--no-install names what few tests use" 0 --no-install

: >said
expect "what few tests use is not installed" 0

new_system
rm bin/chromedriver
echo 'bootstrap: some tests also use chromedriver' >said
expect "no package manager for what few tests use" 0 --no-install

new_system
add_manager apt-get
rm bin/automake include/csv.h
cat >said <<END
bootstrap: installing Automake, libcsv: apt-get update && $apt_install automake libcsv-dev
END
cat >called <<'END'
apt-get update
apt-get install -y --no-install-recommends automake libcsv-dev
autoreconf -fi
END
expect "root installs with apt" 0

new_system
add_manager dnf
rm include/csv.h
echo 'bootstrap: installing libcsv: dnf install -y libcsv-devel' >said
printf '%s\n' 'dnf install -y libcsv-devel' 'autoreconf -fi' >called
expect "root installs with dnf" 0

new_system
add_manager apk
rm bin/automake include/curl/curl.h
cat >said <<'END'
bootstrap: installing Automake, libcurl: apk add automake curl-dev
bootstrap: missing: libcurl
It was installed, but is still not found: are PATH and CPPFLAGS right?
Going on without it: some tests and examples will be left out.
END
printf '%s\n' 'apk add automake curl-dev' 'autoreconf -fi' >called
expect "apk installs, and one is not found still" 0

new_system
add_manager apt-get
rm bin/automake
echo 'echo 1000' | stand_in id
stand_in sudo <<END
echo "sudo \$1" >>'$scratch/calls'
exec "\$@"
END
echo "bootstrap: installing Automake: sudo apt-get update && sudo $apt_install automake" >said
cat >called <<'END'
sudo apt-get
apt-get update
sudo env
apt-get install -y --no-install-recommends automake
autoreconf -fi
END
expect "sudo where not root" 0

rm bin/automake bin/sudo
cat >said <<END
bootstrap: missing: Automake
There is no sudo here. As root: apt-get update && $apt_install automake
END
: >called
expect "neither root nor sudo" 1

new_system
rm bin/libtoolize
cat >said <<'END'
bootstrap: missing: Libtool
Install it by hand: there is no apt-get, dnf or apk here.
END
expect "no package manager" 1

new_system
add_manager apt-get
rm bin/automake include/check.h
cat >said <<END
bootstrap: installing Automake, Check: apt-get update && $apt_install automake check
no package check
bootstrap: missing: Check
Installing it failed, as said above: apt-get update && $apt_install automake check
$going_on
END
cat >called <<'END'
apt-get update
apt-get install -y --no-install-recommends automake check
apt-get update
apt-get install -y --no-install-recommends automake
autoreconf -fi
END
expect "a package that the system does not have" 0

new_system
echo 'echo apt-get "$@" >>'"'$scratch/calls'; echo no network >&2; exit 100" | stand_in apt-get
rm bin/make
cat >said <<END
bootstrap: installing make: apt-get update && $apt_install make
no network
bootstrap: missing: make
Installing it failed, as said above: apt-get update && $apt_install make
END
echo 'apt-get update' >called
expect "installing fails" 1

new_system
rm bin/cc bin/clang
cat >said <<'END'
bootstrap: missing: a C compiler, Check, libarchive, libcsv, libcurl, libmicrohttpd, Nettle, zlib
Install it by hand: there is no apt-get, dnf or apk here.
END
: >called
expect "no compiler" 1

new_system
echo 'echo "configure.ac:1: no"; exit 1' | stand_in autoreconf
printf '%s\n' 'configure.ac:1: no' 'bootstrap: autoreconf failed (see above).' >said
expect "autoreconf fails" 1

printf '%s\n' 'bootstrap: --instal is not known' 'usage: ./bootstrap [--no-install]' >said
expect "an unknown option" 2 --instal

test "$failures" -eq 0
