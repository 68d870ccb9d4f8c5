/* Disks that fail to write, under real filesystems. The target is not replaced, the
 * caller is told, and the old content is still there when the disk is mounted again.
 * Exit status 77 if no such disk can be made. */
#include <config.h>

#include "disk.h"
#include "expect.h"
#include "filelike.h"
#include "filesystem.h"
#include "mounts.h"
#include "put.h"
#include "scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { PATIENCE_SECONDS = 300 };

static struct disk disk;

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

static bool mount_disk(const struct filesystem *filesystem)
{
    char device[LOOP_PATH_SIZE];
    int loop = disk_attach(&disk, device);
    if (loop == -1)
        return false;
    bool mounted = filesystem_mount(filesystem, device, "disk");
    int error = errno;
    (void) close(loop);
    errno = error;
    return mounted;
}

/* Nothing on the disk is still in use. */
static void unmount_disk(void)
{
    if (!EXPECT(umount2("disk", 0) == 0))
        (void) umount2("disk", MNT_DETACH);
}

/* An old content that is safe on the disk. The disk has nothing left to write. */
static void make_old(void)
{
    (void) rmdir("disk/lost+found");
    FILE *stream = filelike_atomic("disk/target", "w", NULL);
    EXPECT(stream != NULL && fputs("old", stream) >= 0 && fclose(stream) == 0);
    int directory = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT(syncfs(directory) == 0);
    (void) close(directory);
}

/* The library does not see when a stream of the C library's is closed. It holds the file
 * whose sync has failed until it is asked about another stream on the same descriptor. */
static void let_go(void)
{
    FILE *stream = tmpfile();
    EXPECT(stream != NULL && filelike_size(stream) == 0 && fclose(stream) == 0);
}

/* A filesystem that could not write its own data may have become read-only. */
static void mount_again(const struct filesystem *filesystem)
{
    unmount_disk();
    EXPECT(mount_disk(filesystem));
}

/* Lets the write after OTHERS writes fail. Returns whether a caller was told. */
static bool fail(const struct filesystem *filesystem, size_t way, unsigned others)
{
    make_old();
    disk_fail_write(&disk, others);
    int failure = put_try(way, 0);
    bool has_failed = disk_has_failed(&disk);
    let_go();
    mount_again(filesystem);
    const char *stored = content("disk/target");
    bool is_right = is(stored, "new") || (failure != 0 && is(stored, "old"));
    if (!EXPECT(is_right && (failure == 0 || has_failed)))
        (void) fprintf(stderr, "write %u, %s: %s; in target: %s\n", others, put_name(way),
            strerror(failure), stored != NULL ? stored : "nothing");
    return failure != 0;
}

static void fail_often(const struct filesystem *filesystem, size_t way)
{
    enum { MOST_WRITES = 8 };
    unsigned failures = 0;
    for (unsigned i = 0; i < MOST_WRITES; i++)
        failures += fail(filesystem, way, i);
    if (!EXPECT(failures > 0))
        (void) fprintf(stderr, "in this way: %s\n", put_name(way));
}

/* NULL, or the reason why there is no such disk. */
static const char *begin(const struct filesystem *filesystem)
{
    if (!mounts_begin() || !disk_create(&disk, filesystem->size))
        return strerror(errno);
    const char *reason = filesystem_make(filesystem, disk_path(&disk));
    if (reason == NULL &&
        (!disk_start(&disk, "served", PATIENCE_SECONDS) || !mount_disk(filesystem)))
        reason = strerror(errno);
    if (reason != NULL)
        disk_destroy(&disk);
    return reason;
}

static int run(void *context)
{
    const struct filesystem *filesystem = context;
    expect_failures = 0;
    (void) alarm(PATIENCE_SECONDS);
    expect_subject = filesystem->name;
    const char *reason = begin(filesystem);
    if (reason != NULL) {
        say_skipped(filesystem->name, reason);
        return SKIPPED;
    }
    for (size_t i = 0; i < put_ways; i++)
        fail_often(filesystem, i);
    unmount_disk();
    disk_destroy(&disk);
    return expect_status();
}

static int run_in_scratch(const struct filesystem *filesystem)
{
    struct filesystem own = *filesystem;
    scratch_enter();
    EXPECT(mkdir("served", S_IRWXU) == 0 && mkdir("disk", S_IRWXU) == 0);
    int status = in_child(run, &own);
    scratch_leave();
    return status;
}

int main(void)
{
    static const struct filesystem *const filesystems[] = {
        &filesystem_ext4, &filesystem_xfs, &filesystem_btrfs};
    size_t skipped = 0;
    for (size_t i = 0; i < COUNT(filesystems); i++) {
        int status = run_in_scratch(filesystems[i]);
        expect_subject = filesystems[i]->name;
        EXPECT(status == EXIT_SUCCESS || status == SKIPPED);
        skipped += status == SKIPPED;
    }
    return skipped == COUNT(filesystems) ? SKIPPED : expect_status();
}
