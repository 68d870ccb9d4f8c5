/* Contents put in place on real filesystems, in all ways. Each property that a
 * filesystem keeps of a file is kept. A property that it lacks is no error. Exit status
 * 77 if none of them can be mounted. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "filesystem.h"
#include "mounts.h"
#include "put.h"
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MIB ((size_t) 1 << 20)

enum {
    OTHER_USER = 1000,
    OTHER_GROUP = 1001,
    ODD_MODE = 0646, /* a mode that no umask gives */
    PATIENCE_SECONDS = 60
};

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

/* ---- What a filesystem can do --------------------------------------------------------
 */

/* Musl has no function for it. */
static bool rename_new(const char *name, const char *new_name)
{
    enum { NOREPLACE = 1 }; /* the kernel's RENAME_NOREPLACE */
    return syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, new_name, NOREPLACE) == 0;
}

/* Whether the filesystem can give a name without a risk of replacing a file. */
static bool can_refuse_to_replace(void)
{
    make_file("disk/one", "one");
    bool can =
        link("disk/one", "disk/other") == 0 || rename_new("disk/one", "disk/other");
    (void) unlink("disk/one");
    (void) unlink("disk/other");
    return can;
}

static struct stat status_of(const char *path)
{
    struct stat status = {.st_mode = 0};
    EXPECT(stat(path, &status) == 0);
    return status;
}

/* ---- Replacing and creating ----------------------------------------------------------
 */

static void check_contents(void)
{
    bool can = can_refuse_to_replace();
    EXPECT(put_all("old", 0, 0, "new"));
    EXPECT(put_all(NULL, 0, 0, "new"));
    EXPECT(put_all("old", FILELIKE_NOREPLACE, EEXIST, "old"));
    EXPECT(put_all(NULL, FILELIKE_NOREPLACE, can ? 0 : ENOTSUP, can ? "new" : NULL));
}

/* A filesystem may refuse the mode or the owner. Then its answer to stat is compared. */
static void check_replaced(size_t way)
{
    make_file("disk/target", "old");
    (void) chmod("disk/target", ODD_MODE);
    int ignored = chown("disk/target", OTHER_USER, OTHER_GROUP);
    (void) ignored;
    struct stat old = status_of("disk/target");
    EXPECT(put(way, 0, 0, "new"));
    struct stat new = status_of("disk/target");
    EXPECT(new.st_mode == old.st_mode);
    EXPECT(new.st_uid == old.st_uid &&new.st_gid == old.st_gid);
}

/* The mode is as fopen would make it. */
static void check_new(size_t way)
{
    (void) unlink("disk/target");
    make_file("disk/target", "old");
    struct stat old = status_of("disk/target");
    EXPECT(unlink("disk/target") == 0);
    EXPECT(put(way, 0, 0, "new"));
    EXPECT(status_of("disk/target").st_mode == old.st_mode);
}

static void check_attributes(void)
{
    for (size_t i = 0; i < put_ways; i++) {
        check_replaced(i);
        check_new(i);
    }
    EXPECT(unlink("disk/target") == 0);
}

static void publish(const char *path, const char *text)
{
    FILE *stream = filelike_atomic(path, "w", NULL);
    if (EXPECT(stream != NULL)) {
        EXPECT(fputs(text, stream) >= 0);
        EXPECT(fclose(stream) == 0);
    }
}

/* The hidden name does not contain the long name, so it is not too long. But ntfs-3g
 * lengthens a name that it replaces. */
static void check_long_name(const struct filesystem *filesystem)
{
    enum { LONG = 200 };
    char path[sizeof "disk/" + NAME_MAX] = "disk/";
    memset(path + strlen(path), 'n', filesystem->serve != NULL ? LONG : NAME_MAX);
    publish(path, "new");
    EXPECT(is(content(path), "new"));
    publish(path, "newer");
    EXPECT(is(content(path), "newer"));
    EXPECT(unlink(path) == 0);
    EXPECT(is(entries("disk"), ""));
}

/* freopen has closed the old stream when the filesystem refuses the name. EINVAL would
 * say that the stream is still open. */
static void check_refused_name(void)
{
    static FILE *stream;
    int file = open("disk/a:b", O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file == -1 && errno == EINVAL) {
        stream = tmpfile();
        EXPECT_FAILS(filelike_freopen("disk/a:b", "w", stream), NULL, EIO);
    }
    if (file != -1)
        EXPECT(close(file) == 0 && unlink("disk/a:b") == 0);
}

static void check_symbolic_link(void)
{
    if (symlink("target", "disk/link") != 0)
        return;
    make_file("disk/target", "old");
    publish("disk/link", "new");
    EXPECT(is(content("disk/target"), "new"));
    EXPECT(is(entries("disk"), "link target"));
    EXPECT(unlink("disk/link") == 0 && unlink("disk/target") == 0);
}

/* ---- Holes ---------------------------------------------------------------------------
 *
 * The disk has no room for as many bytes as the files have with their holes.
 */

enum { SPARSE = 64 << 20, MOST_STORED = 1 << 20 }; /* bytes */

static off_t stored_bytes(const char *path)
{
    enum { BLOCK = 512 }; /* of st_blocks */
    return status_of(path).st_blocks * BLOCK;
}

/* FUSE filesystems may have holes without telling where they are. */
static bool tells_holes(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    off_t hole = lseek(file, 0, SEEK_HOLE);
    EXPECT(close(file) == 0);
    return hole != -1 && hole < MOST_STORED;
}

/* Makes a file of "old" and a hole. False if the filesystem cannot. */
static bool make_sparse(const char *path)
{
    make_file(path, "old");
    return truncate(path, SPARSE) == 0 && stored_bytes(path) < MOST_STORED &&
           tells_holes(path);
}

/* The file begins with "old" and ends with "new" after SPARSE bytes. */
static void check_sparse(const char *path)
{
    char bytes[4] = "";
    FILE *stream = fopen(path, "re");
    EXPECT(status_of(path).st_size == SPARSE + 3);
    EXPECT(stored_bytes(path) < MOST_STORED);
    EXPECT(fread(bytes, 1, 3, stream) == 3 && is(bytes, "old"));
    EXPECT(fseeko(stream, SPARSE, SEEK_SET) == 0);
    EXPECT(fread(bytes, 1, 3, stream) == 3 && is(bytes, "new"));
    EXPECT(fclose(stream) == 0);
}

static void append_new(FILE *stream)
{
    EXPECT(stream != NULL && fseeko(stream, SPARSE, SEEK_SET) == 0);
    EXPECT(fputs("new", stream) >= 0);
}

static void persist_sparse(FILE *stream)
{
    EXPECT(fputs("old", stream) >= 0);
    append_new(stream);
    EXPECT(filelike_persist(stream, "disk/target", 0) == 0);
    check_sparse("disk/target");
    EXPECT(fclose(stream) == 0);
}

static void check_holes(void)
{
    struct filelike_options on_disk = {.dir = "disk"};
    if (make_sparse("disk/target")) {
        FILE *stream = filelike_atomic("disk/target", "a", NULL);
        append_new(stream);
        EXPECT(fclose(stream) == 0);
        check_sparse("disk/target");
        persist_sparse(filelike_named("w+", &on_disk));
        persist_sparse(filelike_temporary("w+", &on_disk));
        persist_sparse(filelike_named("w+", NULL));
    }
    EXPECT(unlink("disk/target") == 0);
}

/* ---- One after the other -------------------------------------------------------------
 */

/* FUSE filesystems, and those that lie over another one, use "layers". */
static const struct filesystem others[] = {
    {.name = "tmpfs", .type = "tmpfs", .source = "none", .options = "size=16m"},
    {.name = "overlayfs",
        .type = "overlay",
        .source = "none",
        .options = "lowerdir=layers/lower,upperdir=layers/upper,workdir=layers/work"},
    {.name = "bindfs", .serve = "bindfs -f", .source = "layers/lower"},
    {.name = "bindfs that denies modes and owners",
        .serve = "bindfs -f --chmod-deny --chown-deny -p 0666,a+X",
        .source = "layers/lower"},
    {.name = "vfat", .type = "vfat", .make = "mkfs.vfat", .size = 32 * MIB},
    {.name = "exfat", .type = "exfat", .make = "mkfs.exfat", .size = 32 * MIB},
    {.name = "exfat through FUSE",
        .serve = "mount.exfat-fuse -d",
        .make = "mkfs.exfat",
        .size = 32 * MIB},
    {.name = "ntfs", .type = "ntfs3", .make = "mkfs.ntfs -F -q", .size = 32 * MIB},
    {.name = "ntfs through FUSE",
        .serve = "ntfs-3g -o no_detach",
        .make = "mkfs.ntfs -F -q",
        .size = 32 * MIB},
};

/* The directory's content before the filesystem is mounted over it. */
static bool make_layers(void)
{
    if (!mount_memory("layers", "size=64m"))
        return false;
    EXPECT(mkdir("layers/lower", S_IRWXU) == 0 && mkdir("layers/upper", S_IRWXU) == 0 &&
           mkdir("layers/work", S_IRWXU) == 0);
    make_file("layers/lower/below", "old");
    return true;
}

static void check_below(void)
{
    if (access("disk/below", F_OK) != 0)
        return;
    publish("disk/below", "new");
    EXPECT(is(content("disk/below"), "new"));
    EXPECT(is(entries("disk"), "below"));
    EXPECT(unlink("disk/below") == 0);
}

/* Ext4 has one of its own. */
static void clear(void)
{
    (void) rmdir("disk/lost+found");
}

static void check_all(const struct filesystem *filesystem)
{
    clear();
    check_below();
    check_contents();
    check_attributes();
    check_long_name(filesystem);
    check_refused_name();
    check_symbolic_link();
    check_holes();
}

static int run(void *context)
{
    const struct filesystem *filesystem = context;
    struct mounted mounted;
    expect_failures = 0;
    (void) alarm(PATIENCE_SECONDS);
    expect_subject = filesystem->name;
    bool can_mount = mounts_begin() && make_layers();
    const char *reason =
        can_mount ? filesystem_begin(&mounted, filesystem, "disk") : strerror(errno);
    if (reason != NULL) {
        say_skipped(filesystem->name, reason);
        return SKIPPED;
    }
    check_all(filesystem);
    filesystem_end(&mounted);
    return expect_status();
}

static int run_in_scratch(const struct filesystem *filesystem)
{
    struct filesystem own = *filesystem;
    scratch_enter();
    EXPECT(mkdir("disk", S_IRWXU) == 0 && mkdir("layers", S_IRWXU) == 0);
    int status = in_child(run, &own);
    scratch_leave();
    expect_subject = filesystem->name;
    EXPECT(status == EXIT_SUCCESS || status == SKIPPED);
    return status;
}

int main(void)
{
    static const struct filesystem *const of_kernel[] = {
        &filesystem_ext4, &filesystem_xfs, &filesystem_btrfs};
    size_t skipped = 0;
    for (size_t i = 0; i < COUNT(of_kernel); i++)
        skipped += run_in_scratch(of_kernel[i]) == SKIPPED;
    for (size_t i = 0; i < COUNT(others); i++)
        skipped += run_in_scratch(&others[i]) == SKIPPED;
    return skipped == COUNT(of_kernel) + COUNT(others) ? SKIPPED : expect_status();
}
