/* Full disks, read-only filesystems, and a system without /proc. The right call reports
 * the right errno, nothing is lost, and nothing is left behind. Each runs in mounts of
 * its own. Exit status 77 if these are not permitted. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "mounts.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    DISK_SIZE = 1 << 20, /* of "disk", see below */
    TOO_MUCH = 2 << 20
};

static const struct filelike_options on_disk = {.dir = "disk"};
static char bytes[TOO_MUCH];

static bool holds(FILE *stream, size_t size)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

static fsblkcnt_t free_blocks(void)
{
    struct statvfs status;
    return statvfs("disk", &status) == 0 ? status.f_bfree : 0;
}

/* Writes and flushes. Earlier losses do not count. */
static int store(FILE *stream, size_t size)
{
    clearerr(stream);
    return fwrite(bytes, 1, size, stream) == size && fflush(stream) == 0 ? 0 : -1;
}

static void fill_disk(void)
{
    FILE *filler = fopen("disk/filler", "we");
    EXPECT_FAILS(store(filler, TOO_MUCH), -1, ENOSPC);
    (void) fclose(filler);
}

/* ---- A full disk ---------------------------------------------------------------------
 */

enum { SOME = 10000, RECORD = 700 }; /* no divisor of a page */

/* Whether STREAM holds COUNT records and not a byte more. */
static bool holds_records(FILE *stream, size_t count)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    bool same = view != NULL && held == count * RECORD;
    for (size_t i = 0; i < count && same; i++)
        same = memcmp(view + i * RECORD, bytes, RECORD) == 0;
    return same;
}

/* Writes records until the disk is full. Nothing of the last record is stored. */
static size_t overflow(FILE *stream)
{
    size_t count = 0;
    while (count < DISK_SIZE && store(stream, RECORD) == 0)
        count++;
    EXPECT(errno == ENOSPC);
    EXPECT(count > DISK_SIZE / RECORD / 2);
    EXPECT(holds_records(stream, count));
    return count;
}

static void check_atomic(void)
{
    make_file("disk/target", "old");
    fsblkcnt_t before = free_blocks();
    FILE *stream = filelike_atomic("disk/target", "w", NULL);
    (void) overflow(stream);
    EXPECT(filelike_truncate(stream, RECORD) == 0);
    rewind(stream);
    EXPECT(store(stream, RECORD) == 0);
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "target"));
    EXPECT(free_blocks() == before);
}

/* The pending bytes find no room. */
static void check_atomic_at_the_end(void)
{
    make_file("disk/target", "old");
    FILE *stream = filelike_atomic("disk/target", "w", NULL);
    fill_disk();
    EXPECT(fputs("pending", stream) >= 0);
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "filler target"));
}

static void check_atomic_from_old(void)
{
    FILE *target = fopen("disk/target", "we");
    EXPECT(store(target, DISK_SIZE * 2 / 3) == 0);
    EXPECT(fclose(target) == 0);
    fsblkcnt_t before = free_blocks();
    EXPECT_FAILS(filelike_atomic("disk/target", "r+", NULL), NULL, ENOSPC);
    EXPECT(is(entries("disk"), "target"));
    EXPECT(free_blocks() == before);
}

static void check_named(void)
{
    fsblkcnt_t before = free_blocks();
    FILE *stream = filelike_named("w+", &on_disk);
    (void) overflow(stream);
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
    EXPECT(is(entries("disk"), ""));
    EXPECT(free_blocks() == before);
}

static void check_watched(void)
{
    struct filelike_options options = {.dir = "disk", .size_limit = 10 * TOO_MUCH};
    FILE *stream = filelike_temporary("w+", &options);
    (void) overflow(stream);
    rewind(stream);
    EXPECT(store(stream, RECORD) == 0);
    EXPECT(filelike_error(stream) == ENOSPC);
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
}

/* On the C library's own stream the call that fails reports the error. */
static void check_native(void)
{
    FILE *stream = filelike_temporary("w+", &on_disk);
    fill_disk();
    EXPECT_FAILS(store(stream, RECORD), -1, ENOSPC);
    EXPECT(ferror(stream));
    EXPECT(filelike_error(stream) != 0);
    EXPECT(unlink("disk/filler") == 0);
    (void) fclose(stream);
    EXPECT(is(entries("disk"), ""));
}

/* The buffer is larger than the limit, so the bytes arrive at once. With a smaller
 * buffer a part of them would still be stored. */
static void check_spooled(void)
{
    struct filelike_options options = {
        .dir = "disk", .memory_limit = 2 * SOME, .buffer_size = 2 * SOME};
    FILE *stream = filelike_spooled("w+", &options);
    fill_disk();
    EXPECT(store(stream, SOME) == 0);
    EXPECT_FAILS(store(stream, 2 * SOME), -1, ENOSPC);
    EXPECT(filelike_in_memory(stream) == 1);
    EXPECT(holds(stream, SOME));
    EXPECT_FAILS(filelike_rollover(stream), -1, ENOSPC);
    EXPECT_FAILS(filelike_fileno(stream), -1, ENOSPC);
    EXPECT(holds(stream, SOME));
    EXPECT(is(entries("disk"), "filler"));
    EXPECT(unlink("disk/filler") == 0);
    rewind(stream);
    EXPECT(store(stream, 3 * SOME) == 0);
    EXPECT(filelike_in_memory(stream) == 0);
    EXPECT(holds(stream, 3 * SOME));
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
}

/* The system takes a part of the last record. The library takes this part back. */
static void check_append(void)
{
    FILE *stream = filelike_named("a", &on_disk);
    (void) overflow(stream);
    EXPECT_FAILS(fclose(stream), EOF, ENOSPC);
    EXPECT(is(entries("disk"), ""));
}

/* ---- Persisting to a full disk -------------------------------------------------------
 */

static void persist_to_full_disk(FILE *stream)
{
    fsblkcnt_t before = free_blocks();
    EXPECT(store(stream, TOO_MUCH) == 0);
    EXPECT_FAILS(filelike_persist(stream, "disk/target", 0), -1, ENOSPC);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "target"));
    EXPECT(free_blocks() == before);
    EXPECT(holds(stream, TOO_MUCH));
    EXPECT(filelike_truncate(stream, SOME) == 0);
    EXPECT(filelike_persist(stream, "disk/target", 0) == 0);
    EXPECT(holds(stream, SOME));
    EXPECT(fclose(stream) == 0);
    make_file("disk/target", "old");
}

static void check_persist(void)
{
    struct filelike_options watched = {.size_limit = 10 * TOO_MUCH};
    make_file("disk/target", "old");
    persist_to_full_disk(filelike_memory("w+", NULL));
    persist_to_full_disk(filelike_spooled("w+", NULL));
    persist_to_full_disk(filelike_named("w+", NULL));
    persist_to_full_disk(filelike_temporary("w+", NULL));
    persist_to_full_disk(filelike_temporary("w+", &watched));
    EXPECT(is(entries("."), "disk"));
}

/* ---- No room for another file --------------------------------------------------------
 */

static void check_refusals(int error)
{
    FILE *spooled = filelike_spooled("w+", &on_disk);
    FILE *memory = filelike_memory("w+", NULL);
    EXPECT(fputs("stays", spooled) >= 0 && fputs("stays", memory) >= 0);
    EXPECT_FAILS(filelike_atomic("disk/target", "w", NULL), NULL, error);
    EXPECT_FAILS(filelike_atomic("disk/target", "r+", NULL), NULL, error);
    EXPECT_FAILS(filelike_atomic("disk/new", "w", NULL), NULL, error);
    EXPECT_FAILS(filelike_named("w+", &on_disk), NULL, error);
    EXPECT_FAILS(filelike_temporary("w+", &on_disk), NULL, error);
    EXPECT_FAILS(filelike_rollover(spooled), -1, error);
    EXPECT_FAILS(filelike_persist(memory, "disk/target", 0), -1, error);
    EXPECT_FAILS(filelike_persist(memory, "disk/new", 0), -1, error);
    EXPECT(is(filelike_view(spooled, NULL), "stays"));
    EXPECT(is(filelike_view(memory, NULL), "stays"));
    EXPECT(fclose(spooled) == 0 && fclose(memory) == 0);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "target"));
}

static void check_without_files(void)
{
    make_file("disk/target", "old");
    check_refusals(ENOSPC);
}

static void check_read_only(void)
{
    make_file("disk/target", "old");
    EXPECT(mount_read_only("disk"));
    check_refusals(EROFS);
}

/* ---- Another filesystem in the same place --------------------------------------------
 */

/* Another disk now hides the directory of a named stream, and has a file of that name.
 * Its inode number is often the same. */
static FILE *open_hidden(const char *directory, char **path)
{
    struct filelike_options options = {.dir = directory};
    EXPECT(mount_memory("disk", "size=1m"));
    FILE *stream = filelike_named("w", &options);
    *path = strdup(filelike_path(stream));
    EXPECT(mount_memory("disk", "size=1m"));
    make_file(*path, "another");
    return stream;
}

/* The other file is neither removed nor moved. */
static void check_hidden_in(const char *directory)
{
    char *path;
    FILE *stream = open_hidden(directory, &path);
    EXPECT(strncmp(filelike_path(stream), "/proc/", strlen("/proc/")) == 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(is(content(path), "another"));
    free(path);
    stream = open_hidden(directory, &path);
    EXPECT(fputs("own", stream) >= 0);
    EXPECT(filelike_persist(stream, "disk/target", 0) == 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(is(content("disk/target"), "own"));
    EXPECT(is(content(path), "another"));
    free(path);
}

static void check_hidden(void)
{
    char *path = realpath("disk", NULL);
    check_hidden_in("disk");
    check_hidden_in(path);
    free(path);
}

/* ---- Another root --------------------------------------------------------------------
 */

/* No path leads from the new root to the directory of a named stream. */
static void check_out_of_reach(void)
{
    int disk = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FILE *stream = filelike_named("w", &on_disk);
    char *name = strdup(strrchr(filelike_path(stream), '/') + 1);
    EXPECT(mkdir("disk/root", S_IRWXU) == 0 && mkdir("disk/root/proc", S_IRWXU) == 0);
    EXPECT(mount("/proc", "disk/root/proc", NULL, MS_BIND | MS_REC, NULL) == 0);
    if (chroot("disk/root") != 0 || chdir("/") != 0) {
        say_skipped("another root", strerror(errno));
    } else {
        const char *path = filelike_path(stream);
        EXPECT(path != NULL && strncmp(path, "/proc/", strlen("/proc/")) == 0);
    }
    EXPECT(faccessat(disk, name, F_OK, 0) == 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(faccessat(disk, name, F_OK, 0) == -1);
    EXPECT(close(disk) == 0);
    free(name);
}

/* ---- A filesystem in memory without an end -------------------------------------------
 */

/* This filesystem's files are in memory, but they are no memory files of the kernel. */
static void check_endless(void)
{
    struct filelike_options watched = {.dir = "disk", .size_limit = DISK_SIZE};
    FILE *streams[] = {filelike_temporary("w+", &on_disk),
        filelike_temporary("w+", &watched), filelike_named("w+", &on_disk)};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        EXPECT(filelike_in_memory(streams[i]) == 0);
        EXPECT(filelike_rollover(streams[i]) == 0);
        EXPECT(fputs("given", streams[i]) >= 0);
        EXPECT(filelike_persist(streams[i], "disk/target", 0) == 0);
        EXPECT(fputs(" away", streams[i]) >= 0 && fclose(streams[i]) == 0);
        EXPECT(is(content("disk/target"), "given away"));
    }
    EXPECT(is(entries("disk"), "target"));
}

/* ---- The next directory --------------------------------------------------------------
 */

static void check_next_directory(void)
{
    const char *next = "/var/tmp/";
    if (strncmp(P_tmpdir, next, strlen(P_tmpdir)) == 0 || access(next, W_OK) != 0) {
        say_skipped("the directory after P_tmpdir", "it cannot be used");
        return;
    }
    EXPECT(unsetenv("TMPDIR") == 0);
    EXPECT(mount_memory(P_tmpdir, "size=4k") && mount_read_only(P_tmpdir));
    FILE *stream = filelike_named("w", NULL);
    if (EXPECT(stream != NULL)) {
        EXPECT(strncmp(filelike_path(stream), next, strlen(next)) == 0);
        EXPECT(fclose(stream) == 0);
    }
}

/* ---- Without /proc -------------------------------------------------------------------
 */

static void publish_without_proc(const char *mode, const char *expected)
{
    FILE *stream = filelike_atomic("target", mode, NULL);
    EXPECT(stream != NULL && fputs("new", stream) >= 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(is(content("target"), expected));
    EXPECT(is(entries("."), "disk target"));
}

static void persist_without_proc(FILE *stream)
{
    EXPECT(fputs("persisted", stream) >= 0);
    EXPECT(filelike_persist(stream, "target", 0) == 0);
    EXPECT(is(content("target"), "persisted"));
    EXPECT(fclose(stream) == 0);
    EXPECT(is(content("target"), "persisted"));
    EXPECT(is(entries("."), "disk target"));
}

static void check_without_proc(void)
{
    EXPECT(mount_memory("/proc", "size=4k"));
    publish_without_proc("wx", "new");
    make_file("target", "the old");
    publish_without_proc("r+", "new old");
    publish_without_proc("a", "new oldnew");
    publish_without_proc("w", "new");
    EXPECT_FAILS(filelike_atomic("target", "wx", NULL), NULL, EEXIST);
    persist_without_proc(filelike_memory("w+", NULL));
    persist_without_proc(filelike_named("w+", NULL));
    persist_without_proc(filelike_temporary("w+", NULL));
    FILE *stream = filelike_memory("w+", NULL);
    EXPECT(fputs("stays", stream) >= 0);
    EXPECT_FAILS(filelike_path(stream), NULL, ENOTSUP);
    EXPECT(filelike_fileno(stream) >= 0);
    EXPECT(is(filelike_view(stream, NULL), "stays"));
    EXPECT(fclose(stream) == 0);
    /* The leak sanitizer needs /proc when the process ends. */
    EXPECT(unmount("/proc"));
}

/* ---- One after the other -------------------------------------------------------------
 */

static const struct scenario {
    const char *name;
    const char *disk; /* how "disk" is mounted */
    void (*check)(void);
} scenarios[] = {
    {"full disk, atomic", "size=1m", check_atomic},
    {"full disk, atomic, at the end", "size=1m", check_atomic_at_the_end},
    {"full disk, atomic, from the old content", "size=1m", check_atomic_from_old},
    {"full disk, named", "size=1m", check_named},
    {"full disk, temporary, watched", "size=1m", check_watched},
    {"full disk, temporary", "size=1m", check_native},
    {"full disk, spooled", "size=1m", check_spooled},
    {"full disk, appending", "size=1m", check_append},
    {"full disk, persist", "size=1m", check_persist},
    {"no more files", "nr_inodes=2", check_without_files},
    {"read-only filesystem", "size=1m", check_read_only},
    {"directory mounted over", "size=1m", check_hidden},
    {"directory out of reach", "size=1m", check_out_of_reach},
    {"filesystem in memory without an end", "size=0", check_endless},
    {"read-only P_tmpdir", "size=1m", check_next_directory},
    {"no /proc", "size=1m", check_without_proc},
};

static int run(void *context)
{
    const struct scenario *scenario = context;
    expect_failures = 0;
    expect_subject = scenario->name;
    if (!mounts_begin()) {
        say_skipped(scenario->name, strerror(errno));
        return SKIPPED;
    }
    if (EXPECT(mount_memory("disk", scenario->disk)))
        scenario->check();
    return expect_status();
}

static int run_in_scratch(const struct scenario *scenario)
{
    struct scenario own = *scenario;
    scratch_enter();
    EXPECT(mkdir("disk", 0700) == 0);
    int status = in_child(run, &own);
    scratch_leave();
    return status;
}

int main(void)
{
    size_t skipped = 0;
    const size_t count = sizeof scenarios / sizeof *scenarios;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char) (i * i >> 7);
    for (size_t i = 0; i < count; i++) {
        int status = run_in_scratch(&scenarios[i]);
        expect_subject = scenarios[i].name;
        EXPECT(status == EXIT_SUCCESS || status == SKIPPED);
        skipped += status == SKIPPED;
    }
    return skipped == count ? SKIPPED : expect_status();
}
