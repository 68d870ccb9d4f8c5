# Makes debian/libfilelike1.symbols of lib/filelike.map: the names of the version
# FILELIKE_1.0 came with the release 1.0.0.
BEGIN {
    print "libfilelike.so.1 libfilelike1 #MINVER#"
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
