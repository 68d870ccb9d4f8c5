# Makes debian/libfilelike0.symbols of lib/filelike.map: the names of the version
# FILELIKE_0.1 came with the release 0.1.0.
BEGIN {
    print "libfilelike.so.0 libfilelike0 #MINVER#"
    print "* Build-Depends-Package: libfilelike-dev"
}

$2 == "{" {
    version = release = $1
    sub(/FILELIKE_/, "", release)
    release = release ".0"
    print " " version "@" version " " release
}

/^ *[a-z_]+;$/ {
    sub(/;/, "")
    print " " $1 "@" version " " release
}
