# shellcheck shell=bash
# Builds Check for a compiler without a package of it, and fetches sources of Debian's
# packages. Sourced by run.sh and by .ci/run.

# build_framework COMPILER [LDFLAGS]: builds Check below this directory, and sets "framework"
# to the directory where it is installed.
build_framework()
{
    framework=$PWD/framework/made
    mkdir framework && fetch_source check framework && (
        cd framework && unset CONFIG_SITE &&
            source/configure -q CC="$1" LDFLAGS="${2-}" --disable-subunit --disable-shared --prefix="$framework" &&
            timeout 600 make SUBDIRS='lib src' install
    )
}

# fetch_source PACKAGE DIRECTORY: fetches Debian's source to DIRECTORY/source, from the mirrors
# of apt. The lists of sources are kept apart from the system's.
fetch_source()
{
    local apt=$PWD/$2/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources" &&
        cat /etc/apt/sources.list 2>/dev/null | sed -n 's/^deb /deb-src /p' >"$apt/sources/one.list"
    cat /etc/apt/sources.list.d/debian.sources 2>/dev/null |
        sed 's/^Types:.*/Types: deb-src/' >"$apt/sources/other.sources"
    local options=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$apt/sources"
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update &&
        (cd "$2" && apt-get "${options[@]}" source --download-only "$1" && dpkg-source -x ./*.dsc source)
}
