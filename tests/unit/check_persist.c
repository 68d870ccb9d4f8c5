/* filelike_persist: puts the bytes of any stream at a path. */
#include <config.h>

#include "faults.h"
#include "fork_within.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Targets -------------------------------------------------------------------------
 */

static char here[PATH_MAX];
static char other_filesystem[PATH_MAX];

/* A directory on a filesystem that the scratch directory is not on. */
static bool make_on_other_filesystem(const char *parent)
{
    struct stat own, theirs;
    if (stat(".", &own) != 0 || stat(parent, &theirs) != 0 || own.st_dev == theirs.st_dev)
        return false;
    (void) snprintf(
        other_filesystem, sizeof other_filesystem, "%s/filelike-test-XXXXXX", parent);
    return mkdtemp(other_filesystem) != NULL;
}

/* Streams create their files outside the directory whose entries the tests compare. */
static void enter(void)
{
    scratch_enter();
    (void) snprintf(here, sizeof here, "%s/streams", scratch_path());
    ck_assert_int_eq(mkdir("streams", 0755) + setenv("TMPDIR", here, 1), 0);
    (void) snprintf(here, sizeof here, "%s/here", scratch_path());
    ck_assert_int_eq(mkdir("here", 0777) + chmod("here", 0777) + chdir("here"), 0);
    if (!make_on_other_filesystem("/dev/shm") && !make_on_other_filesystem("/var/tmp") &&
        !make_on_other_filesystem("/tmp"))
        other_filesystem[0] = '\0';
}

static void leave(void)
{
    if (other_filesystem[0] != '\0') {
        ck_assert_int_eq(chdir(other_filesystem), 0);
        (void) unlink("target");
        ck_assert_int_eq(chdir("/"), 0);
        ck_assert_int_eq(rmdir(other_filesystem), 0);
    }
    scratch_leave();
}

enum { PLACES = 2 };

/* The present directory, or one on another filesystem; NULL if there is none. */
static const char *directory_at(int place)
{
    if (place == 0)
        return here;
    if (other_filesystem[0] != '\0')
        return other_filesystem;
    say_skipped("persisting to another filesystem",
        "/dev/shm, /var/tmp and /tmp are all on that of the tests");
    return NULL;
}

static const char *target_at(int place)
{
    static char path[PATH_MAX + 8];
    const char *directory = directory_at(place);
    if (directory == NULL)
        return NULL;
    (void) snprintf(path, sizeof path, "%s/target", directory);
    return path;
}

/* ---- Sources -------------------------------------------------------------------------
 */

/* The streams whose own file becomes the target. */
static FILE *open_named(const char *mode)
{
    return filelike_named(mode, NULL);
}

static FILE *open_kept(const char *mode)
{
    struct filelike_options options = {.flags = FILELIKE_KEEP};
    return filelike_named(mode, &options);
}

static FILE *open_temporary(const char *mode)
{
    return filelike_temporary(mode, NULL);
}

static FILE *open_watched(const char *mode)
{
    struct filelike_options options = {.size_limit = 1 << 20};
    return filelike_temporary(mode, &options);
}

static FILE *(*const givers[])(const char *mode) = {
    open_named, open_kept, open_temporary, open_watched};

/* Systems that lack something. */
static const struct faults systems[] = {
    {0},
    {.tmpfile = EOPNOTSUPP},
    {.no_proc = true},
    {.no_proc = true, .no_empty_path = true},
    {.link = EPERM},
    {.rename_new = EINVAL},
    {.tmpfile = EOPNOTSUPP, .link = EPERM, .rename_new = EINVAL},
};

/* Runs a test with all combinations of these. */
enum { GIVINGS = COUNT(givers) * COUNT(systems) * PLACES };

static FILE *open_giver(int giving, const char *mode)
{
    faults = systems[(size_t) giving / COUNT(givers) % COUNT(systems)];
    FILE *stream = givers[(size_t) giving % COUNT(givers)](mode);
    ck_assert_msg(stream != NULL, "%s", strerror(errno));
    return stream;
}

static int place_of_giving(int giving)
{
    return giving / (int) (COUNT(givers) * COUNT(systems));
}

static const char *target_of(int giving)
{
    return target_at(place_of_giving(giving));
}

static bool has_name(int giving)
{
    FILE *(*opener)(const char *) = givers[(size_t) giving % COUNT(givers)];
    return opener == open_named || opener == open_kept;
}

/* Whether the stream's own file can become the target; otherwise it is copied. A file
 * without a name must be one that can be linked, and the filesystem must have links. */
static bool can_give(int giving)
{
    const struct faults *system =
        &systems[(size_t) giving / COUNT(givers) % COUNT(systems)];
    bool can_link = system->link == 0 && system->tmpfile == 0 &&
                    !(system->no_proc && system->no_empty_path);
    return place_of_giving(giving) == 0 && (has_name(giving) || can_link);
}

/* Whether FILELIKE_NOREPLACE is possible. */
static bool can_make_new(int giving)
{
    const struct faults *system =
        &systems[(size_t) giving / COUNT(givers) % COUNT(systems)];
    return system->link == 0 || system->rename_new == 0;
}

static FILE *open_on_text(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123456789", "r+");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    return stream;
}

static void persist(FILE *stream, const char *path)
{
    ck_assert_msg(
        filelike_persist(stream, path, 0) == 0, "%s: %s", path, strerror(errno));
}

/* ---- Of every kind -------------------------------------------------------------------
 */

enum { BYTES = 300000 };

static void check_content(const char *path, const char *bytes)
{
    static char read[BYTES + 1];
    FILE *target = fopen(path, "r");
    ck_assert_uint_eq(fread(read, 1, sizeof read, target), BYTES);
    ck_assert_mem_eq(read, bytes, BYTES);
    assert_closes(target);
}

static void check_puts_bytes(const struct kind *kind, const char *path)
{
    static char bytes[BYTES];
    if (path == NULL)
        return;
    make_pattern(bytes, BYTES);
    FILE *stream = open_empty(kind, "w+");
    ck_assert_uint_eq(fwrite(bytes, 1, BYTES, stream), BYTES);
    persist(stream, path);
    check_content(path, bytes);
    assert_bytes(stream, bytes, BYTES);
    ck_assert_int_eq(ftello(stream), BYTES);
    assert_closes(stream);
    check_content(path, bytes);
}

START_TEST(puts_bytes_of_every_kind)
{
    check_puts_bytes(&kinds[_i], target_at(0));
    ck_assert_str_eq(entries("."), "target");
    check_puts_bytes(&kinds[_i], target_at(1));
}
END_TEST

START_TEST(interrupted_calls_are_tried_again)
{
    faults.interrupts = true;
    check_puts_bytes(&kinds[_i], target_at(0));
    check_puts_bytes(&kinds[_i], target_at(1));
}
END_TEST

START_TEST(puts_nothing_too)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    make_file("target", "old");
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "");
    write_text(stream, "on");
    assert_text(stream, "on");
    assert_closes(stream);
}
END_TEST

/* Persisting must not change the position, the next bytes to be read or pending bytes. */
START_TEST(disturbs_nothing)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r+");
    int was_in_memory = filelike_in_memory(stream);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(getc(stream), '1');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123456789");
    ck_assert_int_eq(filelike_in_memory(stream), was_in_memory);
    ck_assert_int_eq(ftello(stream), 1);
    assert_reads(stream, "x23456789");
    ck_assert_int_eq(fseeko(stream, 8, SEEK_SET), 0);
    write_text(stream, "abc");
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "01234567abc");
    ck_assert_int_eq(ftello(stream), 11);
    assert_closes(stream);
}
END_TEST

/* Whether the streams of KIND always give a snapshot. A reopened stream gives one only if
 * its bytes are known to be in memory. */
static bool gives_snapshot(const struct kind *kind)
{
    static const char *const others[] = {"named", "temporary", "temporary, with a limit",
        "temporary, reopened", "fopen, reopened"};
    for (size_t i = 0; i < COUNT(others); i++) {
        if (strcmp(kind->name, others[i]) == 0)
            return false;
    }
    return true;
}

START_TEST(snapshot_stays_as_it_is)
{
    if (!gives_snapshot(&kinds[_i]))
        return;
    FILE *stream = open_on_text(&kinds[_i]);
    persist(stream, "snapshot");
    write_text(stream, "abc");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content("snapshot"), "0123456789");
    ck_assert_int_eq(filelike_truncate(stream, 0), 0);
    ck_assert_str_eq(content("snapshot"), "0123456789");
    make_file("snapshot", "from another");
    assert_text(stream, "");
    assert_closes(stream);
    ck_assert_str_eq(content("snapshot"), "from another");
}
END_TEST

START_TEST(puts_what_can_only_be_read)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r");
    if (stream == NULL)
        return;
    persist(stream, "target");
    persist(stream, "target");
    assert_reads(stream, kind_has(&kinds[_i], KIND_STARTS_FULL) ? "0123456789" : "");
    assert_closes(stream);
}
END_TEST

START_TEST(appending_goes_on)
{
    FILE *stream = open_text(&kinds[_i], "0123", "a+");
    if (stream == NULL)
        return;
    persist(stream, "target");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
    write_text(stream, "45");
    assert_text(stream, "012345");
    assert_closes(stream);
}
END_TEST

START_TEST(closes_all_descriptors)
{
    char before[1 << 12];
    (void) snprintf(before, sizeof before, "%s", descriptors());
    FILE *stream = open_on_text(&kinds[_i]);
    char between[1 << 12];
    (void) snprintf(between, sizeof between, "%s", descriptors());
    persist(stream, "target");
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOREPLACE), -1, EEXIST);
    assert_fails(filelike_persist(stream, "missing/target", 0), -1, ENOENT);
    ck_assert_str_eq(descriptors(), between);
    assert_closes(stream);
    if (kind_has(&kinds[_i], KIND_OPTIONS))
        ck_assert_str_eq(descriptors(), before);
}
END_TEST

/* ---- Giving the file away ------------------------------------------------------------
 */

START_TEST(goes_on_in_the_target)
{
    const char *path = target_of(_i);
    if (path == NULL || !can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    persist(stream, path);
    write_text(stream, "abc");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content(path), "0123456789abc");
    make_file(path, "from another");
    assert_text(stream, "from another");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    write_text(stream, "!");
    assert_closes(stream);
    ck_assert_str_eq(content(path), "from another!");
}
END_TEST

/* The stream keeps its file and path. Closing it removes the path's name. */
START_TEST(stays_what_and_where_it_was)
{
    const char *path = target_of(_i);
    if (path == NULL || can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    faults.no_proc = false;
    char *own = strdup(filelike_path(stream));
    faults = systems[(size_t) _i / COUNT(givers) % COUNT(systems)];
    persist(stream, path);
    write_text(stream, "abc");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content(path), "0123456789");
    faults.no_proc = false;
    ck_assert_str_eq(filelike_path(stream), own);
    ck_assert_str_eq(content(own), "0123456789abc");
    (void) filelike_discard(stream);
    assert_closes(stream);
    ck_assert_int_eq(access(own, F_OK), -1);
    ck_assert_str_eq(content(path), "0123456789");
    free(own);
}
END_TEST

START_TEST(path_is_the_target)
{
    const char *path = target_of(_i);
    if (path == NULL || !can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    persist(stream, path);
    ck_assert_str_eq(filelike_path(stream), path);
    persist(stream, "again");
    ck_assert_str_eq(filelike_path(stream), path);
    assert_closes(stream);
}
END_TEST

START_TEST(relative_path_is_told_as_an_absolute_one)
{
    if (!can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    persist(stream, "./target");
    const char *path = filelike_path(stream);
    ck_assert_int_eq(path[0], '/');
    make_file(path, "from another");
    assert_text(stream, "from another");
    assert_closes(stream);
}
END_TEST

START_TEST(leaves_no_other_name)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    char own[PATH_MAX] = "";
    if (has_name(_i) && !can_give(_i))
        (void) snprintf(own, sizeof own, "%s", strrchr(filelike_path(stream), '/') + 1);
    persist(stream, path);
    ck_assert_str_eq(entries(directory_at(place_of_giving(_i))), "target");
    ck_assert_str_eq(entries("../streams"), own);
    assert_closes(stream);
}
END_TEST

START_TEST(nothing_removes_it_any_more)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    persist(stream, path);
    filelike_cleanup();
    ck_assert_str_eq(content(path), "0123456789");
    assert_closes(stream);
    ck_assert_str_eq(content(path), "0123456789");
}
END_TEST

static int persist_and_exit(void *context)
{
    const int *giving = context;
    FILE *stream = open_giver(*giving, "w+");
    write_text(stream, "0123456789");
    persist(stream, target_of(*giving));
    return 0;
}

START_TEST(exit_does_not_remove_it)
{
    int giving = _i;
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    ck_assert_int_eq(in_child(persist_and_exit, &giving), 0);
    ck_assert_str_eq(content(path), "0123456789");
}
END_TEST

START_TEST(is_copied_when_persisted_again)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    persist(stream, path);
    if (!can_give(_i)) {
        persist(stream, path);
        ck_assert_str_eq(content(path), "0123456789");
        assert_closes(stream);
        return;
    }
    persist(stream, "copy");
    write_text(stream, "abc");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content("copy"), "0123456789");
    ck_assert_str_eq(content(path), "0123456789abc");
    assert_closes(stream);
}
END_TEST

/* The file is at the target already. A copy there would take the path away from the
 * stream. */
START_TEST(goes_on_when_persisted_there_again)
{
    const char *path = target_of(_i);
    if (path == NULL || !can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    persist(stream, path);
    write_text(stream, "abc");
    persist(stream, path);
    ck_assert_str_eq(filelike_path(stream), path);
    write_text(stream, "def");
    assert_fails(filelike_persist(stream, path, FILELIKE_NOREPLACE), -1, EEXIST);
    assert_closes(stream);
    ck_assert_str_eq(content(path), "0123456789abcdef");
}
END_TEST

START_TEST(keeps_its_mode_of_opening)
{
    static char buffer[1 << 20];
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "a");
    write_text(stream, "0123");
    if (faults.no_proc && !can_give(_i) &&
        givers[(size_t) _i % COUNT(givers)] == open_temporary) {
        /* Its bytes cannot be read for a copy, either. */
        assert_fails(filelike_persist(stream, path, 0), -1, ENOTSUP);
        assert_closes(stream);
        return;
    }
    persist(stream, path);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
    write_text(stream, "45");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content(path), can_give(_i) ? "012345" : "0123");
    assert_fails(fread(buffer, 1, sizeof buffer, stream), 0, REFUSED);
    int flags = fcntl(filelike_fileno(stream), F_GETFD);
    ck_assert_int_eq(flags & FD_CLOEXEC, FD_CLOEXEC);
    assert_closes(stream);
}
END_TEST

START_TEST(keeps_its_descriptor)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    int descriptor = filelike_fileno(stream);
    persist(stream, path);
    ck_assert_int_eq(filelike_fileno(stream), descriptor);
    assert_closes(stream);
}
END_TEST

START_TEST(goes_on_for_all_of_its_streams)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123");
    FILE *reader = filelike_reopen(stream, "r");
    persist(stream, path);
    write_text(stream, "4567");
    ck_assert_int_eq(fflush(stream), 0);
    assert_reads(reader, "01234567");
    assert_closes(reader);
    assert_closes(stream);
    ck_assert_str_eq(content(path), can_give(_i) ? "01234567" : "0123");
}
END_TEST

/* A view shows what others write to the target. */
START_TEST(view_goes_along)
{
    const char *path = target_of(_i);
    if (path == NULL || !can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123");
    const char *view = filelike_view(stream, NULL);
    persist(stream, path);
    ck_assert_str_eq(view, "0123");
    make_file(path, "4567");
    assert_text(stream, "4567");
    assert_closes(stream);
}
END_TEST

/* A view works even if the stream may not read. */
START_TEST(view_shows_what_is_written_after)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w");
    write_text(stream, "0123");
    const char *view = filelike_view(stream, NULL);
    if (view == NULL) {
        /* A native stream that only writes needs /proc to read its bytes. */
        ck_assert(faults.no_proc && errno == ENOTSUP);
        assert_closes(stream);
        return;
    }
    persist(stream, path);
    ck_assert_ptr_eq(filelike_view(stream, NULL), view);
    ck_assert_str_eq(view, "0123");
    rewind(stream);
    write_text(stream, "4567");
    ck_assert_str_eq(filelike_view(stream, NULL), "4567");
    assert_closes(stream);
    ck_assert_str_eq(content(path), can_give(_i) ? "4567" : "0123");
}
END_TEST

static int persist_in_child(void *context)
{
    FILE *stream = context;
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123456789");
    return 0;
}

/* The child must not give the parent's file away, neither by filelike_persist nor when it
 * ends. */
START_TEST(child_gets_a_copy)
{
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(fflush(stream), 0);
    faults.no_proc = false;
    ck_assert_int_eq(in_child(persist_in_child, stream), 0);
    ck_assert_int_ne(strncmp(filelike_path(stream), here, strlen(here)), 0);
    write_text(stream, "abc");
    assert_text(stream, "0123456789abc");
    ck_assert_str_eq(content("target"), "0123456789");
    (void) filelike_discard(stream);
    assert_closes(stream);
    ck_assert_str_eq(entries("../streams"), "");
    ck_assert_str_eq(content("target"), "0123456789");
}
END_TEST

START_TEST(name_may_be_another_files)
{
    FILE *stream = open_named("w+");
    char *path = strdup(filelike_path(stream));
    write_text(stream, "0123456789");
    ck_assert_int_eq(unlink(path), 0);
    make_file(path, "another");
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123456789");
    ck_assert_str_eq(content(path), "another");
    assert_closes(stream);
    ck_assert_str_eq(content(path), "another");
    free(path);
}
END_TEST

START_TEST(name_may_be_gone)
{
    FILE *stream = open_named("w+");
    write_text(stream, "0123456789");
    ck_assert_int_eq(unlink(filelike_path(stream)), 0);
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123456789");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
    ck_assert_str_eq(entries("../streams"), "");
}
END_TEST

START_TEST(name_may_be_the_target)
{
    FILE *stream = open_named("w+");
    char *path = strdup(filelike_path(stream));
    write_text(stream, "0123456789");
    assert_fails(filelike_persist(stream, path, FILELIKE_NOREPLACE), -1, EEXIST);
    persist(stream, path);
    assert_closes(stream);
    ck_assert_str_eq(content(path), "0123456789");
    ck_assert_str_eq(entries("../streams"), strrchr(path, '/') + 1);
    free(path);
}
END_TEST

/* rename does nothing if both names are links to the same file. */
START_TEST(target_may_be_a_link_to_it)
{
    for (int i = 0; i < 2; i++) {
        FILE *stream = open_named("w+");
        const char *path = filelike_path(stream);
        char *target = strdup(i == 0 ? "target" : strrchr(path, '/') + 1);
        ck_assert_int_eq(link(path, target), 0);
        write_text(stream, "0123456789");
        persist(stream, target);
        ck_assert_str_eq(entries("../streams"), "");
        assert_closes(stream);
        ck_assert_str_eq(content(target), "0123456789");
        ck_assert_int_eq(unlink(target), 0);
        free(target);
    }
}
END_TEST

/* ---- The C library's streams ---------------------------------------------------------
 */

/* The file belongs to the user, so it must not move. */
START_TEST(file_of_fopen_is_copied_and_left_alone)
{
    static const char *const modes[] = {"r", "r+", "a+"};
    struct stat before, after;
    make_file("file", "0123");
    make_file("target", "old");
    ck_assert_int_eq(chmod("file", 0600) + chmod("target", 0644), 0);
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = fopen("file", modes[i]);
        ck_assert_int_eq(stat("file", &before), 0);
        persist(stream, i == 2 ? "new" : "target");
        ck_assert_int_eq(stat("file", &after), 0);
        ck_assert_uint_eq(after.st_mode, before.st_mode);
        ck_assert_uint_eq(after.st_nlink, 1);
        ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
        assert_closes(stream);
    }
    make_file("file", "4567");
    ck_assert_str_eq(content("target"), "0123");
    ck_assert_str_eq(content("new"), "0123");
    ck_assert_uint_eq(mode_of("target"), 0644);
    ck_assert_str_eq(entries("."), "file new target");
}
END_TEST

START_TEST(second_stream_gives_it_away_too)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123");
    FILE *second = filelike_reopen(stream, "r");
    persist(second, path);
    write_text(stream, "4567");
    ck_assert_int_eq(fflush(stream), 0);
    assert_reads(second, "01234567");
    ck_assert_str_eq(content(path), can_give(_i) ? "01234567" : "0123");
    persist(stream, "copy");
    persist(second, "copy");
    assert_closes(second);
    write_text(stream, "89");
    assert_closes(stream);
    if (can_give(_i))
        ck_assert_str_eq(content("copy"), "01234567");
}
END_TEST

START_TEST(is_copied_after_the_first_stream_gave_it_away)
{
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123");
    FILE *second = filelike_reopen(stream, "r");
    persist(stream, "target");
    persist(second, "copy");
    write_text(stream, "4567");
    assert_closes(second);
    assert_closes(stream);
    if (can_give(_i))
        ck_assert_str_eq(content("copy"), "0123");
}
END_TEST

/* The program opened the file without O_EXCL, so it can be linked. */
START_TEST(nameless_file_of_a_program_is_given_away)
{
    int descriptor = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor == -1) {
        say_skipped("nameless_file_of_a_program_is_given_away", strerror(errno));
        return;
    }
    FILE *stream = fdopen(descriptor, "w+");
    write_text(stream, "0123");
    persist(stream, "target");
    write_text(stream, "45");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "012345");
}
END_TEST

/* The file cannot be linked: glibc opens it with O_EXCL, musl unlinks it. */
START_TEST(file_of_tmpfile_is_copied)
{
    FILE *stream = tmpfile();
    write_text(stream, "0123");
    for (int i = 0; i < 2; i++) {
        persist(stream, "target");
        ck_assert_str_eq(content("target"), "0123");
    }
    write_text(stream, "45");
    assert_text(stream, "012345");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "0123");
}
END_TEST

START_TEST(file_of_fopen_may_be_the_target)
{
    make_file("file", "0123");
    for (int i = 0; i < 2; i++) {
        FILE *stream = fopen("file", "r+");
        faults.link = i == 0 ? 0 : EPERM;
        assert_fails(filelike_persist(stream, "file", FILELIKE_NOREPLACE), -1, EEXIST);
        persist(stream, "file");
        write_text(stream, i == 0 ? "AB" : "ab");
        assert_closes(stream);
        ck_assert_str_eq(content("file"), i == 0 ? "AB23" : "ab23");
        ck_assert_str_eq(entries("."), "file");
    }
}
END_TEST

/* The second call puts a copy in place of the first file. The stream goes on with the
 * first file, which the target's path no longer names. */
START_TEST(path_that_leads_elsewhere_is_not_told)
{
    struct stat status;
    struct filelike_options options = {.size_limit = 1000};
    FILE *stream = filelike_temporary("w+", &options);
    persist(stream, "target");
    persist(stream, "target");
    ck_assert_int_eq(filelike_truncate(stream, 1), 0);
    ck_assert_str_eq(content("target"), "");
    ck_assert(stat(filelike_path(stream), &status) == 0 && status.st_size == 1);
    assert_closes(stream);
}
END_TEST

START_TEST(file_of_fopen_on_another_filesystem_is_copied)
{
    const char *path = target_at(1);
    if (path == NULL)
        return;
    make_file("file", "0123");
    FILE *stream = fopen("file", "a+");
    persist(stream, path);
    write_text(stream, "45");
    assert_closes(stream);
    ck_assert_str_eq(content(path), "0123");
    ck_assert_str_eq(content("file"), "012345");
}
END_TEST

START_TEST(path_that_is_gone_is_not_told)
{
    FILE *const streams[] = {open_temporary("w+"), open_watched("w+"), open_named("w+")};
    for (size_t i = 0; i < COUNT(streams); i++) {
        persist(streams[i], "target");
        ck_assert_int_eq(unlink("target"), 0);
        ck_assert_mem_eq(filelike_path(streams[i]), "/proc/", strlen("/proc/"));
        assert_closes(streams[i]);
    }
}
END_TEST

START_TEST(path_of_another_file_is_not_told)
{
    FILE *const streams[] = {open_temporary("w+"), open_watched("w+"), open_named("w+")};
    for (size_t i = 0; i < COUNT(streams); i++) {
        persist(streams[i], "target");
        make_file("other", "other");
        ck_assert_int_eq(rename("other", "target"), 0);
        ck_assert_mem_eq(filelike_path(streams[i]), "/proc/", strlen("/proc/"));
        assert_closes(streams[i]);
    }
}
END_TEST

START_TEST(signal_of_the_caller_is_left_alone)
{
    FILE *const streams[] = {open_temporary("w+"), open_watched("w+"), open_named("w+")};
    for (size_t i = 0; i < COUNT(streams); i++) {
        int descriptor = filelike_fileno(streams[i]);
        ck_assert_int_eq(fcntl(descriptor, F_GETSIG), 0);
        ck_assert_int_eq(fcntl(descriptor, F_SETSIG, SIGIO), 0);
        persist(streams[i], "target");
        ck_assert_int_eq(fcntl(descriptor, F_GETSIG), SIGIO);
        assert_closes(streams[i]);
    }
}
END_TEST

START_TEST(error_indicator_of_a_native_stream_counts)
{
    FILE *stream = open_temporary("w");
    write_text(stream, "0123");
    ck_assert_int_eq(getc(stream), EOF);
    make_file("target", "old");
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    ck_assert_str_eq(content("target"), "old");
    clearerr(stream);
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123");
    assert_closes(stream);
}
END_TEST

/* The first is the C library's stream, the second has callbacks. */
START_TEST(temporary_in_memory_gives_a_snapshot)
{
    struct filelike_options options = {.flags = FILELIKE_IN_MEMORY,
        .permissions = 0640,
        .size_limit = _i == 0 ? 0 : 1000};
    FILE *stream = filelike_temporary("w+", &options);
    write_text(stream, "0123");
    persist(stream, "target");
    write_text(stream, "45");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "0123");
    ck_assert_uint_eq(mode_of("target"), 0640);
}
END_TEST

START_TEST(atomic_stream_gives_a_snapshot_and_is_published)
{
    FILE *stream = filelike_atomic("published", "w", NULL);
    write_text(stream, "0123");
    persist(stream, "target");
    ck_assert_str_eq(entries("."), "target");
    write_text(stream, "45");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "0123");
    ck_assert_str_eq(content("published"), "012345");
}
END_TEST

/* ---- Only a new file -----------------------------------------------------------------
 */

static void make_target(void)
{
    make_file("target", "old");
}

static void check_persists_to_new_only(FILE *stream, bool can_make_new)
{
    write_text(stream, "new");
    make_target();
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOREPLACE), -1, EEXIST);
    ck_assert_str_eq(content("target"), "old");
    ck_assert_int_eq(unlink("target"), 0);
    ck_assert_int_eq(symlink("missing", "target"), 0);
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOREPLACE), -1, EEXIST);
    ck_assert_int_eq(unlink("target"), 0);
    int status = filelike_persist(stream, "target", FILELIKE_NOREPLACE);
    if (can_make_new)
        ck_assert_int_eq(status, 0);
    else
        ck_assert(status == -1 && errno == ENOTSUP);
    ck_assert_str_eq(entries("."), can_make_new ? "target" : "");
    if (can_make_new)
        ck_assert_str_eq(content("target"), "new");
    assert_text(stream, "new");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), can_make_new ? "target" : "");
}

START_TEST(new_file_only)
{
    check_persists_to_new_only(open_empty(&kinds[_i], "w+"), true);
}
END_TEST

START_TEST(new_file_only_from_givers)
{
    check_persists_to_new_only(open_giver(_i, "w+"), can_make_new(_i));
}
END_TEST

/* Another process makes the target at the last moment. */
static void check_race(FILE *stream)
{
    faults.meanwhile = make_target;
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOREPLACE), -1, EEXIST);
    faults.meanwhile = NULL;
    ck_assert_str_eq(content("target"), "old");
    ck_assert_int_eq(unlink("target"), 0);
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOREPLACE), 0);
    ck_assert_str_eq(content("target"), "0123456789");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
}

START_TEST(new_file_only_without_a_gap)
{
    check_race(open_on_text(&kinds[_i]));
}
END_TEST

START_TEST(new_file_only_from_givers_without_a_gap)
{
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    if (can_make_new(_i))
        check_race(stream);
    else
        assert_closes(stream);
}
END_TEST

/* ---- Symbolic links ------------------------------------------------------------------
 */

START_TEST(follows_links)
{
    FILE *stream = open_on_text(&kinds[_i]);
    ck_assert_int_eq(mkdir("other", 0755), 0);
    make_file("other/file", "old");
    ck_assert_int_eq(symlink("file", "other/link"), 0);
    ck_assert_int_eq(symlink("other/link", "target"), 0);
    persist(stream, "target");
    ck_assert_str_eq(content("other/file"), "0123456789");
    ck_assert_str_eq(entries("."), "other target");
    ck_assert_str_eq(entries("other"), "file link");
    assert_closes(stream);
}
END_TEST

START_TEST(follows_links_that_dangle)
{
    FILE *stream = open_on_text(&kinds[_i]);
    ck_assert_int_eq(symlink("file", "target"), 0);
    persist(stream, "target");
    ck_assert_str_eq(content("file"), "0123456789");
    ck_assert_str_eq(entries("."), "file target");
    assert_closes(stream);
}
END_TEST

START_TEST(planted_links_are_not_followed)
{
    FILE *stream = open_giver(_i, "w+");
    faults.same_names = true;
    write_text(stream, "0123456789");
    make_file("target", "old");
    make_file("victim", "unharmed");
    ck_assert_int_eq(symlink("victim", ".filelike-aaaaaaaaaa"), 0);
    persist(stream, "target");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "0123456789");
    ck_assert_str_eq(content("victim"), "unharmed");
    ck_assert_str_eq(entries("."), ".filelike-aaaaaaaaaa target victim");
}
END_TEST

/* ---- Permissions ---------------------------------------------------------------------
 */

static const mode_t umasks[] = {0, 022, 077};

static void check_modes(FILE *stream, const char *path)
{
    make_file("by fopen", "");
    persist(stream, path);
    ck_assert_uint_eq(mode_of(path), mode_of("by fopen"));
    ck_assert_int_eq(unlink("by fopen"), 0);
    ck_assert_int_eq(chmod(path, 0604), 0);
    persist(stream, path);
    ck_assert_uint_eq(mode_of(path), 0604);
    assert_closes(stream);
}

START_TEST(mode_is_that_of_atomic)
{
    for (size_t i = 0; i < COUNT(umasks); i++) {
        FILE *stream = open_on_text(&kinds[_i]);
        (void) umask(umasks[i]);
        check_modes(stream, "target");
        ck_assert_uint_eq(umask(0), umasks[i]);
        ck_assert_int_eq(unlink("target"), 0);
    }
}
END_TEST

START_TEST(mode_of_givers_is_that_of_atomic)
{
    const char *path = target_of(_i);
    if (path == NULL)
        return;
    for (size_t i = 0; i < COUNT(umasks); i++) {
        (void) umask(umasks[i]);
        check_modes(open_giver(_i, "w+"), path);
        ck_assert_int_eq(unlink(path), 0);
    }
}
END_TEST

static FILE *open_with_permissions(const struct kind *kind, mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions};
    FILE *stream = kind_open(kind, "w+", &options);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

START_TEST(permissions_win)
{
    static const mode_t asked[] = {0777, 0640, 0600};
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    (void) umask(077);
    for (size_t i = 0; i < COUNT(asked); i++) {
        FILE *stream = open_with_permissions(&kinds[_i], asked[i]);
        persist(stream, "target");
        ck_assert_uint_eq(mode_of("target"), asked[i]);
        assert_closes(stream);
        ck_assert_int_eq(unlink("target"), 0);
        make_file("target", "old");
        stream = open_with_permissions(&kinds[_i], asked[i]);
        persist(stream, "target");
        ck_assert_uint_eq(mode_of("target"), asked[i]);
        assert_closes(stream);
    }
}
END_TEST

/* The permissions hold at the second call, too, and through a second stream. */
START_TEST(permissions_win_again)
{
    enum { ASKED = 0640 };
    if (!kind_has(&kinds[_i], KIND_OPTIONS))
        return;
    FILE *stream = open_with_permissions(&kinds[_i], ASKED);
    FILE *second = filelike_reopen(stream, "r");
    ck_assert_ptr_nonnull(second);
    persist(stream, "first");
    persist(stream, "again");
    persist(second, "second");
    ck_assert_uint_eq(mode_of("first"), ASKED);
    ck_assert_uint_eq(mode_of("again"), ASKED);
    ck_assert_uint_eq(mode_of("second"), ASKED);
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

/* ---- Failures ------------------------------------------------------------------------
 */

START_TEST(lost_write_is_not_persisted)
{
    if (!kind_has(&kinds[_i], KIND_OPTIONS | KIND_WATCHED))
        return;
    FILE *stream = open_limited(&kinds[_i], "w+", 4);
    (void) fputs("01234", stream);
    make_file("target", "old");
    assert_fails(filelike_persist(stream, "target", 0), -1, EFBIG);
    clearerr(stream);
    rewind(stream);
    write_text(stream, "0");
    assert_fails(filelike_persist(stream, "target", 0), -1, EFBIG);
    ck_assert_str_eq(content("target"), "old");
    assert_closes_with(stream, EFBIG);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

static void check_refuses(FILE *stream)
{
    make_file("file", "old");
    ck_assert_int_eq(mkdir("directory", 0755), 0);
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    assert_fails(filelike_persist(stream, "", 0), -1, ENOENT);
    assert_fails(filelike_persist(stream, "missing/target", 0), -1, ENOENT);
    assert_fails(filelike_persist(stream, "file/target", 0), -1, ENOTDIR);
    assert_fails(filelike_persist(stream, "directory", 0), -1, EISDIR);
    assert_fails(filelike_persist(stream, "directory/", 0), -1, EISDIR);
    assert_fails(filelike_persist(stream, "loop", 0), -1, ELOOP);
    assert_fails(filelike_persist(stream, "pipe", 0), -1, EINVAL);
    assert_fails(filelike_persist(stream, "/dev/null", 0), -1, EINVAL);
    assert_fails(filelike_persist(stream, "target", 1u << 31), -1, EINVAL);
    assert_text(stream, "0123456789");
    persist(stream, "target");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "directory file loop pipe target");
    ck_assert_str_eq(content("file"), "old");
}

START_TEST(refuses)
{
    check_refuses(open_on_text(&kinds[_i]));
}
END_TEST

/* A late failure leaves the target as it was. The stream's own file keeps its mode and
 * name. */
static void check_fails(FILE *stream, int error)
{
    struct stat before, after;
    struct faults usual = faults;
    int descriptor = filelike_fileno(stream);
    char *path = strdup(filelike_path(stream));
    make_file("target", "old");
    ck_assert_int_eq(chmod("target", 0644), 0);
    ck_assert_int_eq(fstat(descriptor, &before), 0);
    faults.rename = error;
    assert_fails(filelike_persist(stream, "target", 0), -1, error);
    faults.rename = usual.rename;
    ck_assert_int_eq(fstat(descriptor, &after), 0);
    ck_assert_uint_eq(before.st_mode, after.st_mode);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_uint_eq(before.st_nlink, after.st_nlink);
    ck_assert_str_eq(filelike_path(stream), path);
    ck_assert_str_eq(content("target"), "old");
    ck_assert_str_eq(entries("."), "target");
    assert_text(stream, "0123456789");
    free(path);
}

/* Discards first, as a kept file would stay. */
static void finish(FILE *stream)
{
    (void) filelike_discard(stream);
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
}

START_TEST(failure_changes_nothing)
{
    FILE *stream = open_on_text(&kinds[_i]);
    check_fails(stream, EIO);
    finish(stream);
}
END_TEST

START_TEST(failure_changes_nothing_of_givers)
{
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    faults.no_proc = false;
    check_fails(stream, ENOSPC);
    finish(stream);
    ck_assert_str_eq(entries("../streams"), "");
}
END_TEST

/* The kernel reports lost bytes once only, so the stream has to remember the error. */
START_TEST(failed_sync_of_the_streams_own_file_is_a_lost_write)
{
    if (!can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    make_file("target", "old");
    faults.sync_file = EIO;
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    faults.sync_file = 0;
    clearerr(stream);
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    assert_fails(filelike_persist(stream, "target", FILELIKE_NOSYNC), -1, EIO);
    ck_assert_int_eq(filelike_error(stream), EIO);
    ck_assert_str_eq(content("target"), "old");
    ck_assert_str_eq(entries("."), "target");
    if (givers[(size_t) _i % COUNT(givers)] == open_temporary)
        assert_closes(stream);
    else
        assert_closes_with(stream, EIO);
}
END_TEST

static enum fault fail_second_sync(enum fault_call call)
{
    if (call != FAULT_FSYNC || strchr(calls_made(), 's') == NULL)
        return FAULT_NONE;
    errno = EIO;
    return FAULT_FAILS;
}

/* The file is at the target by then. */
START_TEST(failed_sync_with_the_name_is_a_lost_write)
{
    if (!can_give(_i))
        return;
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    forget_calls();
    faults.strike = fail_second_sync;
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    faults.strike = NULL;
    ck_assert_str_eq(content("target"), "0123456789");
    ck_assert_str_eq(entries("."), "target");
    assert_fails(filelike_persist(stream, "second", 0), -1, EIO);
    ck_assert_int_eq(filelike_error(stream), EIO);
    (void) fclose(stream);
}
END_TEST

/* The stream still has its own bytes, so the next try may succeed. */
START_TEST(failed_sync_of_a_copy_is_not)
{
    FILE *stream = filelike_memory("w+", NULL);
    write_text(stream, "0123456789");
    make_file("target", "old");
    faults.sync_file = EIO;
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    faults.sync_file = 0;
    ck_assert_str_eq(content("target"), "old");
    persist(stream, "target");
    ck_assert_str_eq(content("target"), "0123456789");
    assert_closes(stream);
}
END_TEST

/* The next stream may get the same descriptor and inode, but not the old error. */
START_TEST(lost_write_of_a_native_stream_ends_with_it)
{
    enum { TIMES = 3 };
    for (int i = 0; i < TIMES; i++) {
        FILE *stream = open_temporary("w+");
        write_text(stream, "0123");
        persist(stream, "target");
        assert_closes(stream);
        stream = open_temporary("w+");
        write_text(stream, "4567");
        faults.sync_file = EIO;
        assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
        faults.sync_file = 0;
        assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(lost_write_of_a_native_stream_takes_no_descriptor)
{
    FILE *stream = open_temporary("w+");
    write_text(stream, "0123");
    char *before = strdup(descriptors());
    faults.sync_file = EIO;
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    faults.sync_file = 0;
    ck_assert_str_eq(descriptors(), before);
    assert_closes(stream);
    free(before);
}
END_TEST

/* This child, perhaps made by a signal handler, goes on with the call that it
 * interrupted. The file is at the target already, so the call only has to remove the
 * stream's own name. */
START_TEST(child_goes_on_with_what_it_interrupted)
{
    char path[PATH_MAX];
    FILE *stream = filelike_named("w+", NULL);
    (void) snprintf(path, sizeof path, "%s", filelike_path(stream));
    ck_assert_int_eq(link(path, "target"), 0);
    fork_within(FAULT_FSYNC);
    int result = filelike_persist(stream, "target", 0);
    if (is_forked_within())
        _exit(result == -1 && errno == ECHILD && access(path, F_OK) == 0 ? 0 : 1);
    ck_assert_int_eq(status_of_forked(), 0);
    ck_assert_int_eq(result, 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(failed_sync_of_the_directory_is_told)
{
    FILE *stream = open_giver(_i, "w+");
    write_text(stream, "0123456789");
    faults.sync_directory = EIO;
    assert_fails(filelike_persist(stream, "target", 0), -1, EIO);
    ck_assert_str_eq(content("target"), "0123456789");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "0123456789");
}
END_TEST

/* The stream belongs to the parent, so an atomic one must not be published at all. */
static int forbidden_error;

static int check_forbidden(void *context)
{
    FILE *stream = context;
    ck_assert_int_eq(mkdir("closed", 0500), 0);
    assert_fails(filelike_persist(stream, "closed/target", 0), -1, forbidden_error);
    assert_text(stream, "0123456789");
    (void) fclose(stream);
    ck_assert_str_eq(entries("closed"), "");
    return 0;
}

START_TEST(refuses_what_is_forbidden)
{
    FILE *stream = open_on_text(&kinds[_i]);
    forbidden_error = strcmp(kinds[_i].name, "atomic") == 0 ? ECHILD : EACCES;
    ck_assert_int_eq(as_nobody(check_forbidden, stream), 0);
    assert_closes(stream);
}
END_TEST

/* The same with streams that the child opens itself, atomic ones too. */
static int check_forbidden_to_own(void *context)
{
    forbidden_error = EACCES;
    ck_assert_int_eq(setenv("TMPDIR", ".", 1), 0);
    return check_forbidden(open_on_text(context));
}

START_TEST(refuses_what_is_forbidden_to_its_own)
{
    struct kind own = kinds[_i];
    ck_assert_int_eq(as_nobody(check_forbidden_to_own, &own), 0);
}
END_TEST

START_TEST(leaves_nothing_without_descriptors)
{
    FILE *stream = open_on_text(&kinds[_i]);
    int status = -1;
    make_file("target", "old");
    for (int count = 0; status != 0; count++) {
        allow_descriptors(count);
        errno = 0;
        status = filelike_persist(stream, "target", 0);
        int error = errno;
        allow_descriptors(-1);
        if (status != 0) {
            ck_assert_int_eq(error, EMFILE);
            ck_assert_str_eq(content("target"), "old");
        }
    }
    ck_assert_str_eq(content("target"), "0123456789");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(streams_without_bytes)
{
    int ends[2];
    char *bytes;
    size_t size;
    ck_assert_int_eq(pipe(ends), 0);
    FILE *const streams[] = {
        fdopen(ends[0], "r"), fdopen(ends[1], "w"), open_memstream(&bytes, &size)};
    for (size_t i = 0; i < COUNT(streams); i++) {
        assert_fails(filelike_persist(streams[i], "target", 0), -1, ENOTSUP);
        assert_closes(streams[i]);
    }
    free(bytes);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- On disk -------------------------------------------------------------------------
 */

static size_t place_of(char letter)
{
    const char *found = strchr(calls_made(), letter);
    return found != NULL ? (size_t) (found - calls_made()) + 1 : 0;
}

START_TEST(syncs_the_file_before_and_with_the_directory_after)
{
    FILE *stream = open_on_text(&kinds[_i]);
    make_file("target", "old");
    forget_calls();
    persist(stream, "target");
    const char *renamed = strchr(calls_made(), 'r');
    ck_assert_uint_gt(place_of('s'), 0);
    ck_assert_uint_gt(place_of('r'), place_of('s'));
    ck_assert_ptr_nonnull(strchr(renamed, 's'));
    ck_assert_ptr_nonnull(strchr(renamed, 'd'));
    assert_closes(stream);
}
END_TEST

START_TEST(does_not_wait_where_told_so)
{
    FILE *stream = open_on_text(&kinds[_i]);
    forget_calls();
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    ck_assert_uint_eq(place_of('s') + place_of('d'), 0);
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

#define ADD(test) tcase_add_test(test_case, test)
#define ADD_TIMES(test, times) tcase_add_loop_test(test_case, test, 0, (int) (times))

static void add_for_kind(TCase *test_case, int kind)
{
#define ADD_FOR_KIND(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    tcase_add_checked_fixture(test_case, enter, leave);
    ADD_FOR_KIND(puts_bytes_of_every_kind);
    ADD_FOR_KIND(interrupted_calls_are_tried_again);
    ADD_FOR_KIND(puts_nothing_too);
    ADD_FOR_KIND(disturbs_nothing);
    ADD_FOR_KIND(snapshot_stays_as_it_is);
    ADD_FOR_KIND(puts_what_can_only_be_read);
    ADD_FOR_KIND(appending_goes_on);
    ADD_FOR_KIND(closes_all_descriptors);
    ADD_FOR_KIND(new_file_only);
    ADD_FOR_KIND(new_file_only_without_a_gap);
    ADD_FOR_KIND(follows_links);
    ADD_FOR_KIND(follows_links_that_dangle);
    ADD_FOR_KIND(mode_is_that_of_atomic);
    ADD_FOR_KIND(permissions_win);
    ADD_FOR_KIND(permissions_win_again);
    ADD_FOR_KIND(lost_write_is_not_persisted);
    ADD_FOR_KIND(refuses);
    if (!kind_has(&kinds[kind], KIND_BOUND))
        ADD_FOR_KIND(failure_changes_nothing);
    ADD_FOR_KIND(refuses_what_is_forbidden);
    ADD_FOR_KIND(refuses_what_is_forbidden_to_its_own);
    ADD_FOR_KIND(leaves_nothing_without_descriptors);
    ADD_FOR_KIND(syncs_the_file_before_and_with_the_directory_after);
    ADD_FOR_KIND(does_not_wait_where_told_so);
#undef ADD_FOR_KIND
}

static TCase *giving_away(void)
{
    TCase *test_case = tcase_create("giving away");
    tcase_add_checked_fixture(test_case, enter, leave);
    ADD_TIMES(goes_on_in_the_target, GIVINGS);
    ADD_TIMES(stays_what_and_where_it_was, GIVINGS);
    ADD_TIMES(path_is_the_target, GIVINGS);
    ADD_TIMES(leaves_no_other_name, GIVINGS);
    ADD_TIMES(nothing_removes_it_any_more, GIVINGS);
    ADD_TIMES(exit_does_not_remove_it, GIVINGS);
    ADD_TIMES(is_copied_when_persisted_again, GIVINGS);
    ADD_TIMES(goes_on_when_persisted_there_again, GIVINGS);
    ADD_TIMES(keeps_its_mode_of_opening, GIVINGS);
    ADD_TIMES(keeps_its_descriptor, GIVINGS);
    ADD_TIMES(goes_on_for_all_of_its_streams, GIVINGS);
    ADD_TIMES(second_stream_gives_it_away_too, GIVINGS);
    ADD_TIMES(is_copied_after_the_first_stream_gave_it_away, GIVINGS);
    ADD_TIMES(view_goes_along, GIVINGS);
    ADD_TIMES(view_shows_what_is_written_after, GIVINGS);
    ADD_TIMES(mode_of_givers_is_that_of_atomic, GIVINGS);
    ADD_TIMES(new_file_only_from_givers, GIVINGS / PLACES);
    ADD_TIMES(new_file_only_from_givers_without_a_gap, GIVINGS / PLACES);
    ADD_TIMES(planted_links_are_not_followed, GIVINGS / PLACES);
    ADD_TIMES(failure_changes_nothing_of_givers, GIVINGS / PLACES);
    ADD_TIMES(relative_path_is_told_as_an_absolute_one, GIVINGS / PLACES);
    ADD_TIMES(failed_sync_of_the_streams_own_file_is_a_lost_write, GIVINGS / PLACES);
    ADD_TIMES(failed_sync_with_the_name_is_a_lost_write, GIVINGS / PLACES);
    ADD_TIMES(failed_sync_of_the_directory_is_told, GIVINGS / PLACES);
    ADD_TIMES(child_gets_a_copy, GIVINGS / PLACES);
    ADD(failed_sync_of_a_copy_is_not);
    ADD(lost_write_of_a_native_stream_ends_with_it);
    ADD(lost_write_of_a_native_stream_takes_no_descriptor);
    ADD(child_goes_on_with_what_it_interrupted);
    ADD(name_may_be_another_files);
    ADD(name_may_be_gone);
    ADD(name_may_be_the_target);
    ADD(target_may_be_a_link_to_it);
    return test_case;
}

static TCase *other_streams(void)
{
    TCase *test_case = tcase_create("other streams");
    tcase_add_checked_fixture(test_case, enter, leave);
    ADD(path_that_leads_elsewhere_is_not_told);
    ADD(file_of_fopen_is_copied_and_left_alone);
    ADD(nameless_file_of_a_program_is_given_away);
    ADD(file_of_tmpfile_is_copied);
    ADD(file_of_fopen_may_be_the_target);
    ADD(file_of_fopen_on_another_filesystem_is_copied);
    ADD(path_that_is_gone_is_not_told);
    ADD(path_of_another_file_is_not_told);
    ADD(signal_of_the_caller_is_left_alone);
    ADD(error_indicator_of_a_native_stream_counts);
    ADD_TIMES(temporary_in_memory_gives_a_snapshot, 2);
    ADD(atomic_stream_gives_a_snapshot_and_is_published);
    ADD(streams_without_bytes);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("persist");
    suite_over_kinds(suite, add_for_kind);
    suite_add_tcase(suite, giving_away());
    suite_add_tcase(suite, other_streams());
    return suite_run(suite);
}
