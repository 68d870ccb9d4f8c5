/* Files put in place whole: filelike_atomic. */
#include <config.h>

#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Systems that lack something -----------------------------------------------------
 */

static const struct faults systems[] = {
    {0},
    {.tmpfile = EOPNOTSUPP},
    {.no_proc = true},
    {.no_proc = true, .no_empty_path = true},
    {.link = EPERM},
    {.tmpfile = EOPNOTSUPP, .link = EPERM},
    {.rename_new = EINVAL},
    {.tmpfile = EISDIR, .rename_new = ENOSYS},
    {.tmpfile = EOPNOTSUPP, .link = EPERM, .rename_new = EINVAL},
    {.no_proc = true, .no_empty_path = true, .rename_new = EINVAL},
    {.link = EPERM, .rename_new = EINVAL},
    {.link = EMLINK},
    {.link = ENOSYS, .rename_new = EOPNOTSUPP},
    {.tmpfile = EOPNOTSUPP, .link = EOPNOTSUPP, .rename_new = EOPNOTSUPP},
};

static bool leaves_names(const struct faults *system)
{
    return system->tmpfile != 0;
}

/* Whether the filesystem can give a name without replacing what has it. */
static bool has_way_to_new(const struct faults *system)
{
    return system->link == 0 || system->rename_new == 0;
}

static FILE *open_atomic(const char *path, const char *mode)
{
    FILE *stream = filelike_atomic(path, mode, NULL);
    ck_assert_msg(stream != NULL, "%s: %s", path, strerror(errno));
    return stream;
}

static FILE *open_with_flags(const char *path, const char *mode, unsigned flags)
{
    struct filelike_options options = {.flags = flags};
    return filelike_atomic(path, mode, &options);
}

/* TEXT, put in place at PATH. */
static void publish(const char *path, const char *text)
{
    FILE *stream = open_atomic(path, "w");
    write_text(stream, text);
    assert_closes(stream);
    ck_assert_str_eq(content(path), text);
}

/* ---- Putting in place ----------------------------------------------------------------
 */

START_TEST(makes_a_new_file)
{
    faults = systems[_i];
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_ptr_null(content("target"));
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(replaces_a_file)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_str_eq(content("target"), "old");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* Hard links to the old file and descriptors open on it keep the old content. */
START_TEST(leaves_the_old_file_alone)
{
    faults = systems[_i];
    make_file("target", "old");
    ck_assert_int_eq(link("target", "other"), 0);
    FILE *old = fopen("target", "r");
    publish("target", "new");
    assert_reads(old, "old");
    assert_closes(old);
    ck_assert_str_eq(content("other"), "old");
}
END_TEST

START_TEST(puts_much_in_place)
{
    enum { SIZE = 300000 };
    static char bytes[SIZE], read[SIZE + 1];
    faults = systems[_i];
    make_pattern(bytes, SIZE);
    FILE *stream = open_atomic("target", "w");
    ck_assert_uint_eq(fwrite(bytes, 1, SIZE, stream), SIZE);
    assert_closes(stream);
    FILE *target = fopen("target", "r");
    ck_assert_uint_eq(fread(read, 1, sizeof read, target), SIZE);
    ck_assert_mem_eq(read, bytes, SIZE);
    assert_closes(target);
}
END_TEST

START_TEST(interrupted_calls_are_tried_again)
{
    enum { SIZE = 30000 };
    static char bytes[SIZE], read[SIZE + 1];
    faults = systems[_i];
    faults.interrupts = true;
    make_pattern(bytes, SIZE);
    for (int i = 0; i < 2; i++) {
        FILE *stream = open_atomic("target", i == 0 ? "w" : "r+");
        if (i == 0)
            ck_assert_uint_eq(fwrite(bytes, 1, SIZE, stream), SIZE);
        assert_closes(stream);
    }
    FILE *target = fopen("target", "r");
    ck_assert_uint_eq(fread(read, 1, sizeof read, target), SIZE);
    ck_assert_mem_eq(read, bytes, SIZE);
    assert_closes(target);
}
END_TEST

START_TEST(puts_nothing_in_place)
{
    faults = systems[_i];
    make_file("target", "old");
    assert_closes(open_atomic("target", "w"));
    ck_assert_str_eq(content("target"), "");
}
END_TEST

START_TEST(lies_aside_under_a_hidden_name)
{
    faults = systems[_i];
    struct filelike_options options = {.dir = "/missing"};
    FILE *stream = filelike_atomic("target", "w", &options);
    const char *names = entries(".");
    if (leaves_names(&systems[_i]))
        ck_assert_int_eq(names[0], '.');
    else
        ck_assert_str_eq(names, "");
    ck_assert_ptr_null(strchr(names, ' '));
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

static void check_aside_is_private(mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions};
    FILE *stream = filelike_atomic("target", "w", &options);
    char name[NAME_MAX + 1] = "";
    ck_assert_int_eq(sscanf(entries("."), "%255s", name), 1);
    ck_assert_int_eq(name[0], '.');
    ck_assert_uint_eq(mode_of(name), 0600);
    assert_closes(stream);
    ck_assert_uint_eq(mode_of("target"), 0600);
}

START_TEST(aside_shows_nobody_what_the_target_will_not)
{
    (void) umask(0);
    faults.tmpfile = EOPNOTSUPP;
    check_aside_is_private(0600);
    check_aside_is_private(0);
}
END_TEST

START_TEST(closes_all_descriptors)
{
    char before[1 << 12];
    faults = systems[_i];
    (void) snprintf(before, sizeof before, "%s", descriptors());
    publish("target", "new");
    publish("target", "newer");
    ck_assert_str_eq(descriptors(), before);
}
END_TEST

START_TEST(lets_no_program_inherit)
{
    enum { SOME = 64 };
    bool before[SOME];
    faults = systems[_i];
    for (int i = 0; i < SOME; i++)
        before[i] = fcntl(i, F_GETFD) != -1;
    FILE *stream = open_atomic("target", "w");
    for (int i = 0; i < SOME; i++) {
        int flags = fcntl(i, F_GETFD);
        ck_assert(before[i] || flags == -1 || (flags & FD_CLOEXEC) != 0);
    }
    assert_closes(stream);
}
END_TEST

/* ---- Modes ---------------------------------------------------------------------------
 */

static void check_mode(const char *mode, const char *expected)
{
    make_file("target", "0123456789");
    FILE *stream = open_atomic("target", mode);
    write_text(stream, "ab");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), expected);
    ck_assert_str_eq(entries("."), "target");
}

START_TEST(modes_start_as_those_of_fopen)
{
    faults = systems[_i];
    check_mode("w", "ab");
    check_mode("w+", "ab");
    check_mode(NULL, "ab");
    check_mode("r+", "ab23456789");
    check_mode("a", "0123456789ab");
    check_mode("a+", "0123456789ab");
}
END_TEST

START_TEST(starts_from_much)
{
    enum { SIZE = 300000 };
    static char bytes[SIZE];
    faults = systems[_i];
    make_pattern(bytes, SIZE);
    FILE *target = fopen("target", "w");
    ck_assert_uint_eq(fwrite(bytes, 1, SIZE, target), SIZE);
    assert_closes(target);
    FILE *stream = open_atomic("target", "r+");
    assert_bytes(stream, bytes, SIZE);
    assert_closes(stream);
}
END_TEST

START_TEST(starts_from_nothing)
{
    ck_assert_int_eq(setenv("TMPDIR", "/missing", 1), 0);
    assert_fails(filelike_atomic("target", "r+", NULL), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "");
    FILE *stream = open_atomic("target", "a");
    write_text(stream, "ab");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "ab");
}
END_TEST

START_TEST(refuses_only_to_read)
{
    make_file("target", "old");
    assert_fails(filelike_atomic("target", "r", NULL), NULL, EINVAL);
    assert_fails(filelike_atomic("missing", "rb", NULL), NULL, EINVAL);
}
END_TEST

START_TEST(refuses_to_start_beyond_the_limit)
{
    struct filelike_options options = {.size_limit = 9};
    make_file("target", "0123456789");
    assert_fails(filelike_atomic("target", "r+", &options), NULL, EFBIG);
    ck_assert_str_eq(entries("."), "target");
    FILE *stream = filelike_atomic("target", "w", &options);
    write_text(stream, "012345678");
    assert_closes(stream);
    stream = filelike_atomic("target", "r+", &options);
    assert_text(stream, "012345678");
    assert_closes(stream);
}
END_TEST

/* ---- Not in place --------------------------------------------------------------------
 */

static void check_untouched(void)
{
    ck_assert_str_eq(content("target"), "old");
    ck_assert_str_eq(entries("."), "target");
}

START_TEST(failed_write_leaves_the_target)
{
    struct filelike_options options = {.size_limit = 4};
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = filelike_atomic("target", "w", &options);
    write_text(stream, "01234");
    assert_fails(fflush(stream), EOF, EFBIG);
    clearerr(stream);
    write_text(stream, "ok");
    ck_assert_int_eq(fflush(stream), 0);
    assert_closes_with(stream, EFBIG);
    check_untouched();
}
END_TEST

START_TEST(write_that_fails_in_fclose_leaves_the_target)
{
    struct filelike_options options = {.size_limit = 4};
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = filelike_atomic("target", "w", &options);
    write_text(stream, "01234");
    assert_closes_with(stream, EFBIG);
    check_untouched();
}
END_TEST

START_TEST(failed_sync_leaves_the_target)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    faults.sync_file = EIO;
    assert_closes_with(stream, EIO);
    check_untouched();
}
END_TEST

START_TEST(failed_rename_leaves_the_target)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    faults.rename = EIO;
    assert_closes_with(stream, EIO);
    check_untouched();
}
END_TEST

START_TEST(discarded_leaves_the_target)
{
    struct filelike_options options = {.size_limit = 4};
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = filelike_atomic("target", "w", &options);
    write_text(stream, "01234");
    assert_fails(fflush(stream), EOF, EFBIG);
    ck_assert_int_eq(filelike_discard(stream), 0);
    write_text(stream, "56789");
    assert_closes(stream);
    check_untouched();
}
END_TEST

static int write_and_exit(void *context)
{
    (void) context;
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "stored");
    (void) fflush(stream);
    write_text(stream, "pending");
    return 0;
}

START_TEST(exit_leaves_the_target)
{
    faults = systems[_i];
    make_file("target", "old");
    ck_assert_int_eq(in_child(write_and_exit, NULL), 0);
    check_untouched();
}
END_TEST

static int write_and_die(void *context)
{
    (void) write_and_exit(context);
    return raise(SIGKILL);
}

START_TEST(crash_leaves_the_target)
{
    faults = systems[_i];
    make_file("target", "old");
    ck_assert_int_eq(in_child(write_and_die, NULL), 128 + SIGKILL);
    ck_assert_str_eq(content("target"), "old");
    if (!leaves_names(&systems[_i]))
        ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(cleanup_removes_what_lies_aside)
{
    faults.tmpfile = EOPNOTSUPP;
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    filelike_cleanup();
    check_untouched();
    ck_assert_int_eq(fclose(stream), EOF);
    check_untouched();
}
END_TEST

START_TEST(target_may_become_a_directory)
{
    faults = systems[_i];
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    ck_assert_int_eq(mkdir("target", 0700), 0);
    assert_closes_with(stream, EISDIR);
    ck_assert_str_eq(entries("."), "target");
    ck_assert_str_eq(entries("target"), "");
}
END_TEST

START_TEST(directory_may_vanish)
{
    faults = systems[_i];
    ck_assert_int_eq(mkdir("other", 0700), 0);
    FILE *stream = open_atomic("other/target", "w");
    write_text(stream, "new");
    if (leaves_names(&systems[_i]))
        filelike_cleanup();
    ck_assert_int_eq(rmdir("other"), 0);
    assert_closes_with(stream, ENOENT);
}
END_TEST

/* ---- Only a new file -----------------------------------------------------------------
 */

static FILE *open_new(int way)
{
    return way == 0 ? filelike_atomic("target", "wx", NULL)
                    : open_with_flags("target", "w", FILELIKE_NOREPLACE);
}

enum { WAYS_TO_OPEN_NEW = 2 };

START_TEST(new_file_only_is_checked_at_opening)
{
    make_file("target", "old");
    assert_fails(open_new(_i), NULL, EEXIST);
    check_untouched();
    ck_assert_int_eq(unlink("target"), 0);
    ck_assert_int_eq(symlink("missing", "target"), 0);
    assert_fails(open_new(_i), NULL, EEXIST);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

static void make_target(void)
{
    make_file("target", "old");
}

/* No name is taken in advance, not even where there is no other way. */
START_TEST(new_file_only_needs_a_way)
{
    const struct faults *system = &systems[_i / WAYS_TO_OPEN_NEW];
    if (has_way_to_new(system))
        return;
    faults = *system;
    FILE *stream = open_new(_i % WAYS_TO_OPEN_NEW);
    if (system->tmpfile != 0) {
        ck_assert(stream == NULL && errno == ENOTSUP);
    } else {
        write_text(stream, "new");
        faults.meanwhile = make_target;
        assert_closes_with(stream, ENOTSUP);
    }
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(new_file_only_is_made)
{
    if (!has_way_to_new(&systems[_i / WAYS_TO_OPEN_NEW]))
        return;
    faults = systems[_i / WAYS_TO_OPEN_NEW];
    FILE *stream = open_new(_i % WAYS_TO_OPEN_NEW);
    write_text(stream, "new");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_str_eq(entries("."), "target");
    ck_assert_uint_eq(mode_of("target"), 0644);
}
END_TEST

START_TEST(new_file_only_is_checked_at_publishing)
{
    if (!has_way_to_new(&systems[_i / WAYS_TO_OPEN_NEW]))
        return;
    faults = systems[_i / WAYS_TO_OPEN_NEW];
    FILE *stream = open_new(_i % WAYS_TO_OPEN_NEW);
    write_text(stream, "new");
    make_file("target", "old");
    assert_closes_with(stream, EEXIST);
    check_untouched();
}
END_TEST

/* Another process makes the file at the last moment. */
START_TEST(new_file_only_is_checked_without_a_gap)
{
    if (!has_way_to_new(&systems[_i / WAYS_TO_OPEN_NEW]))
        return;
    faults = systems[_i / WAYS_TO_OPEN_NEW];
    FILE *stream = open_new(_i % WAYS_TO_OPEN_NEW);
    write_text(stream, "new");
    faults.meanwhile = make_target;
    assert_closes_with(stream, EEXIST);
    check_untouched();
}
END_TEST

START_TEST(file_made_meanwhile_is_replaced)
{
    faults = systems[_i];
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    make_file("target", "old");
    ck_assert_int_eq(chmod("target", 0604), 0);
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_uint_eq(mode_of("target"), 0604);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* ---- Refused at opening --------------------------------------------------------------
 */

static void make_paths_to_refuse(void)
{
    make_file("file", "old");
    ck_assert_int_eq(mkdir("directory", 0755), 0);
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    ck_assert_int_eq(symlink("other", "another"), 0);
    ck_assert_int_eq(symlink("another", "other"), 0);
    ck_assert_int_eq(symlink("directory", "link"), 0);
    ck_assert_int_eq(symlink("missing/file", "astray"), 0);
    ck_assert_int_eq(symlink("file/below", "amiss"), 0);
}

static void check_mode_refused_as_by_fopen(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    int expected = errno;
    ck_assert_msg(file == NULL, "fopen takes %s, %s", path, mode);
    errno = 0;
    FILE *stream = filelike_atomic(path, mode, NULL);
    ck_assert_msg(stream == NULL, "%s, %s is not refused", path, mode);
    ck_assert_msg(errno == expected, "%s, %s: %s", path, mode, strerror(errno));
}

static void check_refused_as_by_fopen(const char *path)
{
    check_mode_refused_as_by_fopen(path, "w");
    check_mode_refused_as_by_fopen(path, "wx");
}

START_TEST(refuses_what_fopen_refuses)
{
    static const char *const paths[] = {"", "directory", "directory/", ".", "..", "/",
        "./", "//", "directory/.", "directory/..", "directory/./", "missing/.",
        "missing/..", "missing/new/", "file/", "file/.", "link", "link/", "new/",
        "missing/file", "file/below", "loop", "loop/file", "other", "astray", "amiss"};
    char before[1 << 12];
    char names[1 << 12];
    make_paths_to_refuse();
    (void) snprintf(names, sizeof names, "%s", entries("."));
    (void) snprintf(before, sizeof before, "%s", descriptors());
    for (size_t i = 0; i < COUNT(paths); i++)
        check_refused_as_by_fopen(paths[i]);
    ck_assert_str_eq(entries("."), names);
    ck_assert_str_eq(descriptors(), before);
}
END_TEST

START_TEST(refuses_names_too_long)
{
    char name[NAME_MAX + 2];
    static char path[PATH_MAX + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    check_refused_as_by_fopen(name);
    memset(path, '/', sizeof path - 2);
    path[sizeof path - 2] = 'a';
    check_refused_as_by_fopen(path);
}
END_TEST

static int check_forbidden(void *context)
{
    (void) context;
    ck_assert_int_eq(mkdir("closed", 0500), 0);
    ck_assert_int_eq(mkdir("dark", 0200), 0);
    make_file("constant", "old");
    ck_assert_int_eq(chmod("constant", 0444), 0);
    check_refused_as_by_fopen("closed/file");
    check_refused_as_by_fopen("dark/file");
    check_refused_as_by_fopen("constant");
    ck_assert_str_eq(entries("closed"), "");
    return 0;
}

START_TEST(refuses_what_is_forbidden)
{
    ck_assert_int_eq(as_nobody(check_forbidden, NULL), 0);
}
END_TEST

/* The file may be written, but not be replaced. */
static int check_no_new_file(void *context)
{
    (void) context;
    ck_assert_int_eq(mkdir("closed", 0700), 0);
    make_file("closed/file", "old");
    ck_assert_int_eq(chmod("closed", 0500), 0);
    assert_fails(filelike_atomic("closed/file", "w", NULL), NULL, EACCES);
    ck_assert_str_eq(content("closed/file"), "old");
    return 0;
}

START_TEST(refuses_where_no_new_file_can_be)
{
    ck_assert_int_eq(as_nobody(check_no_new_file, NULL), 0);
}
END_TEST

/* A directory in which files can be created, but which cannot be opened. It cannot be
 * synced itself, so its filesystem is synced. */
static int check_unreadable_directory(void *context)
{
    (void) context;
    ck_assert_int_eq(mkdir("dark", 0300), 0);
    for (int i = 0; i < 4; i++) {
        faults.interrupts = i >= 2;
        FILE *stream = filelike_atomic("dark/file", "w", NULL);
        ck_assert_ptr_nonnull(stream);
        write_text(stream, "new");
        forget_calls();
        assert_closes(stream);
        ck_assert_ptr_nonnull(strchr(calls_made(), 'f'));
        ck_assert_int_eq(chmod("dark/file", 0600), 0);
        ck_assert_str_eq(content("dark/file"), "new");
        ck_assert_int_eq(chmod("dark/file", 0200), 0);
    }
    return 0;
}

START_TEST(needs_not_read_the_directory)
{
    ck_assert_int_eq(as_nobody(check_unreadable_directory, NULL), 0);
}
END_TEST

/* Here the file cannot be opened by its name, either. */
static int check_unreadable_file(void *context)
{
    struct filelike_options options = {.permissions = 0100};
    (void) context;
    ck_assert_int_eq(mkdir("dark", 0300), 0);
    FILE *stream = filelike_atomic("dark/file", "w", &options);
    write_text(stream, "new");
    forget_calls();
    assert_closes(stream);
    ck_assert_ptr_nonnull(strchr(calls_made(), 'f'));
    ck_assert_int_eq(chmod("dark/file", 0600), 0);
    ck_assert_str_eq(content("dark/file"), "new");
    return 0;
}

START_TEST(needs_not_open_the_file_to_sync_it)
{
    ck_assert_int_eq(as_nobody(check_unreadable_file, NULL), 0);
}
END_TEST

/* The link in /proc reads "removed (deleted)", which is not the name of the file. */
START_TEST(refuses_a_file_that_is_removed)
{
    char path[32];
    int descriptor = open("removed", O_RDWR | O_CREAT, 0600);
    (void) snprintf(path, sizeof path, "/dev/fd/%d", descriptor);
    ck_assert_int_eq(unlink("removed"), 0);
    assert_fails(filelike_atomic(path, "w", NULL), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(refuses_devices_and_pipes)
{
    char path[32];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    (void) snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(symlink("/dev/null", "link"), 0);
    assert_fails(filelike_atomic("/dev/null", "w", NULL), NULL, EINVAL);
    assert_fails(filelike_atomic("pipe", "w", NULL), NULL, EINVAL);
    assert_fails(filelike_atomic("pipe", "r+", NULL), NULL, EINVAL);
    assert_fails(filelike_atomic("link", "w", NULL), NULL, EINVAL);
    assert_fails(filelike_atomic(path, "w", NULL), NULL, EINVAL);
    ck_assert_str_eq(entries("."), "link pipe");
}
END_TEST

START_TEST(leaves_nothing_without_descriptors)
{
    FILE *stream = NULL;
    faults = systems[_i];
    make_file("target", "old");
    for (int count = 0; stream == NULL; count++) {
        allow_descriptors(count);
        errno = 0;
        stream = filelike_atomic("target", "r+", NULL);
        int error = errno;
        allow_descriptors(-1);
        if (stream == NULL) {
            ck_assert_int_eq(error, EMFILE);
            check_untouched();
        }
    }
    ck_assert_int_eq(filelike_discard(stream), 0);
    assert_closes(stream);
}
END_TEST

/* ---- Symbolic links ------------------------------------------------------------------
 */

START_TEST(follows_links)
{
    faults = systems[_i];
    ck_assert_int_eq(mkdir("other", 0755), 0);
    make_file("other/file", "old");
    ck_assert_int_eq(symlink("file", "other/relative"), 0);
    ck_assert_int_eq(symlink("other/relative", "target"), 0);
    publish("target", "new");
    ck_assert_str_eq(content("other/file"), "new");
    ck_assert_str_eq(entries("."), "other target");
    ck_assert_str_eq(entries("other"), "file relative");
    char link[16] = "";
    ck_assert_int_gt(readlink("target", link, sizeof link - 1), 0);
    ck_assert_str_eq(link, "other/relative");
}
END_TEST

START_TEST(follows_absolute_links)
{
    char path[PATH_MAX];
    (void) snprintf(path, sizeof path, "%s/file", scratch_path());
    ck_assert_int_eq(mkdir("other", 0755), 0);
    ck_assert_int_eq(symlink(path, "other/target"), 0);
    publish("other/target", "new");
    ck_assert_str_eq(entries("."), "file other");
}
END_TEST

START_TEST(follows_links_that_dangle)
{
    faults = systems[_i];
    ck_assert_int_eq(symlink("second", "target"), 0);
    ck_assert_int_eq(symlink("file", "second"), 0);
    publish("target", "new");
    ck_assert_str_eq(content("file"), "new");
    ck_assert_str_eq(entries("."), "file second target");
}
END_TEST

START_TEST(follows_links_to_directories)
{
    ck_assert_int_eq(mkdir("other", 0755), 0);
    ck_assert_int_eq(mkdir("other/deep", 0755), 0);
    ck_assert_int_eq(symlink("other/deep", "link"), 0);
    publish("link/../target", "new");
    ck_assert_str_eq(content("other/target"), "new");
    ck_assert_str_eq(entries("."), "link other");
}
END_TEST

/* If anything is mounted meanwhile, Linux starts to resolve the path again. It then
 * counts the links that it has followed twice, and may fail with ELOOP. */
static FILE *open_by_links(const char *name)
{
    enum { TRIES = 1000 };
    FILE *file = fopen(name, "w");
    for (int i = 0; file == NULL && errno == ELOOP && i < TRIES; i++)
        file = fopen(name, "w");
    return file;
}

/* The library follows as many links as the system does, and not one more. */
START_TEST(follows_as_many_links_as_fopen)
{
    enum { MORE_THAN_ENOUGH = 60 };
    char previous[32] = "file";
    int refused = 0;
    for (int i = 0; i < MORE_THAN_ENOUGH; i++) {
        char name[32];
        (void) snprintf(name, sizeof name, "link-%d", i);
        ck_assert_int_eq(symlink(previous, name), 0);
        memcpy(previous, name, sizeof name);
        FILE *file = open_by_links(name);
        int expected = errno;
        if (file != NULL) {
            assert_closes(file);
            publish(name, name);
        } else {
            assert_fails(filelike_atomic(name, "w", NULL), NULL, expected);
            refused++;
        }
    }
    ck_assert_int_gt(refused, 0);
    ck_assert_int_lt(refused, MORE_THAN_ENOUGH);
}
END_TEST

static enum fault tie_a_loop(enum fault_call call)
{
    if (call == FAULT_OPEN && unlink("target") == 0)
        ck_assert_int_eq(symlink("target", "target"), 0);
    return FAULT_NONE;
}

/* The link becomes a loop after the system has found a file there. */
START_TEST(target_may_become_a_loop)
{
    char before[1 << 12];
    (void) snprintf(before, sizeof before, "%s", descriptors());
    make_file("target", "old");
    faults.strike = tie_a_loop;
    assert_fails(filelike_atomic("target", "w", NULL), NULL, ELOOP);
    faults.strike = NULL;
    ck_assert_str_eq(entries("."), "target");
    ck_assert_str_eq(descriptors(), before);
}
END_TEST

static enum fault put_a_pipe(enum fault_call call)
{
    if (call == FAULT_CREATE && unlink("target") == 0)
        ck_assert_int_eq(mkfifo("target", 0600), 0);
    return FAULT_NONE;
}

/* The name stands for a pipe when the old content is to be read. */
START_TEST(target_may_become_a_pipe)
{
    make_file("target", "old");
    faults.strike = put_a_pipe;
    assert_fails(filelike_atomic("target", "a", NULL), NULL, EINVAL);
    faults.strike = NULL;
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* Another user who knows the next name can only take it. */
START_TEST(planted_links_are_not_followed)
{
    faults = systems[_i];
    faults.same_names = true;
    make_file("target", "old");
    make_file("victim", "unharmed");
    ck_assert_int_eq(symlink("victim", ".filelike-aaaaaaaaaa"), 0);
    publish("target", "new");
    ck_assert_str_eq(content("victim"), "unharmed");
    ck_assert_str_eq(entries("."), ".filelike-aaaaaaaaaa target victim");
}
END_TEST

/* ---- Permissions and owner -----------------------------------------------------------
 */

static const mode_t umasks[] = {0, 022, 077};

static void publish_with(mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions};
    FILE *stream = filelike_atomic("target", "w", &options);
    ck_assert_ptr_nonnull(stream);
    write_text(stream, "new");
    assert_closes(stream);
}

START_TEST(new_file_has_the_mode_that_fopen_gives)
{
    faults = systems[_i];
    for (size_t i = 0; i < COUNT(umasks); i++) {
        (void) umask(umasks[i]);
        make_file("by fopen", "");
        publish_with(0);
        ck_assert_uint_eq(mode_of("target"), 0666 & ~umasks[i]);
        ck_assert_uint_eq(mode_of("target"), mode_of("by fopen"));
        ck_assert_uint_eq(umask(0), umasks[i]);
        ck_assert_int_eq(unlink("target") + unlink("by fopen"), 0);
    }
}
END_TEST

/* The umask may change before the stream is closed. fopen knows only the umask at
 * opening. */
START_TEST(umask_of_the_opening_counts)
{
    faults = systems[_i];
    (void) umask(077);
    FILE *stream = filelike_atomic("target", "w", NULL);
    (void) umask(0);
    assert_closes(stream);
    ck_assert_uint_eq(mode_of("target"), 0600);
}
END_TEST

/* fopen may take set-user-ID and set-group-ID from it. */
static unsigned mode_by_fopen(mode_t mode)
{
    ck_assert_int_eq(chmod("target", mode), 0);
    FILE *stream = fopen("target", "w");
    assert_closes(stream);
    unsigned left = mode_of("target");
    ck_assert_int_eq(chmod("target", mode), 0);
    return left;
}

START_TEST(file_keeps_its_mode)
{
    static const mode_t modes[] = {0600, 0640, 0666, 0755, 0200, 04711, 02710, 01644};
    faults = systems[_i];
    make_file("target", "old");
    for (size_t i = 0; i < COUNT(umasks) * COUNT(modes); i++) {
        mode_t mode = modes[i % COUNT(modes)];
        (void) umask(umasks[i % COUNT(umasks)]);
        unsigned expected = mode_by_fopen(mode);
        struct filelike_options options = {0};
        FILE *stream = filelike_atomic("target", "w", &options);
        assert_closes(stream);
        ck_assert_uint_eq(mode_of("target"), expected);
    }
}
END_TEST

START_TEST(permissions_win)
{
    static const mode_t asked[] = {0600, 0640, 0666, 0777, 0200};
    faults = systems[_i];
    for (size_t i = 0; i < COUNT(umasks) * COUNT(asked); i++) {
        mode_t permissions = asked[i % COUNT(asked)];
        (void) umask(umasks[i % COUNT(umasks)]);
        publish_with(permissions);
        ck_assert_uint_eq(mode_of("target"), permissions);
        ck_assert_int_eq(chmod("target", 0604), 0);
        publish_with(permissions);
        ck_assert_uint_eq(mode_of("target"), permissions);
        ck_assert_int_eq(unlink("target"), 0);
    }
}
END_TEST

/* Even asking for the umask sets it for a moment, in which another thread may create
 * files. */
START_TEST(umask_is_left_alone)
{
    faults = systems[_i];
    (void) umask(027);
    forget_calls();
    publish_with(0);
    publish_with(0);
    publish_with(0640);
    ck_assert_ptr_null(strchr(calls_made(), 'k'));
}
END_TEST

START_TEST(file_may_vanish_meanwhile)
{
    faults = systems[_i];
    make_file("target", "old");
    ck_assert_int_eq(chmod("target", 0600), 0);
    FILE *stream = open_atomic("target", "w");
    ck_assert_int_eq(unlink("target"), 0);
    assert_closes(stream);
    ck_assert_uint_eq(mode_of("target"), 0644);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(file_keeps_its_owner)
{
    enum { USER = 12, GROUP = 34 };
    struct stat status;
    faults = systems[_i];
    make_file("target", "old");
    if (chown("target", USER, GROUP) != 0) {
        say_skipped("file_keeps_its_owner", "only root may give files away");
        return;
    }
    publish("target", "new");
    ck_assert_int_eq(stat("target", &status), 0);
    ck_assert_uint_eq(status.st_uid, USER);
    ck_assert_uint_eq(status.st_gid, GROUP);
}
END_TEST

/* A user may replace another user's file. The new file must not run with the other user's
 * rights. */
static int replace_file_of_another(void *context)
{
    (void) context;
    publish("target", "new");
    return 0;
}

START_TEST(owner_changes_where_it_has_to)
{
    make_file("target", "old");
    ck_assert_int_eq(chmod("target", 06777), 0);
    if (geteuid() != 0) {
        say_skipped("owner_changes_where_it_has_to", "there is only one user");
        return;
    }
    ck_assert_int_eq(as_nobody(replace_file_of_another, NULL), 0);
    ck_assert_uint_eq(mode_of("target"), 0777);
}
END_TEST

/* Members of the new group must not get the rights of the old group. Members of the old
 * group now count as others, and must not get the rights that others had. */
START_TEST(rights_of_the_group_go_with_it)
{
    static const mode_t modes[][2] = {
        {0666, 0666}, {0676, 0666}, {0626, 0622}, {0662, 0622}, {0606, 0600}};
    if (geteuid() != 0) {
        say_skipped("rights_of_the_group_go_with_it", "there is only one user");
        return;
    }
    for (size_t i = 0; i < COUNT(modes); i++) {
        make_file("target", "old");
        ck_assert_int_eq(chmod("target", modes[i][0]), 0);
        ck_assert_int_eq(as_nobody(replace_file_of_another, NULL), 0);
        ck_assert_uint_eq(mode_of("target"), modes[i][1]);
        ck_assert_int_eq(unlink("target"), 0);
    }
}
END_TEST

/* ---- On disk -------------------------------------------------------------------------
 */

/* The position of LETTER in the calls, counted from 1, or 0 if it is not there. */
static size_t place_of(char letter)
{
    const char *found = strchr(calls_made(), letter);
    return found != NULL ? (size_t) (found - calls_made()) + 1 : 0;
}

/* btrfs stores little of a file that is synced without a name. */
START_TEST(syncs_the_file_before_and_with_the_directory_after)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    forget_calls();
    assert_closes(stream);
    const char *renamed = strchr(calls_made(), 'r');
    ck_assert_uint_gt(place_of('s'), 0);
    ck_assert_uint_gt(place_of('r'), place_of('s'));
    ck_assert_ptr_nonnull(strchr(renamed, 's'));
    ck_assert_ptr_nonnull(strchr(renamed, 'd'));
    ck_assert_ptr_eq(renamed, strrchr(calls_made(), 'r'));
}
END_TEST

START_TEST(sets_the_mode_before_it_is_in_place)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    forget_calls();
    assert_closes(stream);
    const char *renamed = strchr(calls_made(), 'r');
    ck_assert_ptr_nonnull(renamed);
    ck_assert_ptr_null(strchr(renamed, 'm'));
}
END_TEST

START_TEST(does_not_wait_where_told_so)
{
    faults = systems[_i];
    FILE *stream = open_with_flags("target", "w", FILELIKE_NOSYNC);
    write_text(stream, "new");
    assert_closes(stream);
    ck_assert_uint_eq(place_of('s') + place_of('d'), 0);
    ck_assert_str_eq(content("target"), "new");
}
END_TEST

START_TEST(failed_sync_of_the_directory_is_told)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    faults.sync_directory = EIO;
    assert_closes_with(stream, EIO);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* ---- Forked children -----------------------------------------------------------------
 */

static int close_as_child(void *context)
{
    assert_closes_with(context, ECHILD);
    return 0;
}

static int discard_as_child(void *context)
{
    assert_fails(filelike_discard(context), -1, ECHILD);
    assert_fails(fclose(context), EOF, ECHILD);
    return 0;
}

static int exit_as_child(void *context)
{
    (void) context;
    return 0;
}

static int (*const childs_doings[])(void *) = {
    close_as_child, discard_as_child, exit_as_child};

START_TEST(child_does_not_publish)
{
    faults = systems[_i / (int) COUNT(childs_doings)];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new, ");
    ck_assert_int_eq(in_child(childs_doings[_i % (int) COUNT(childs_doings)], stream), 0);
    ck_assert_str_eq(content("target"), "old");
    write_text(stream, "and whole");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new, and whole");
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* ---- Readers -------------------------------------------------------------------------
 */

START_TEST(can_be_reopened_to_read)
{
    faults = systems[_i];
    make_file("target", "old");
    FILE *stream = open_atomic("target", "w");
    FILE *reader = filelike_reopen(stream, "r");
    write_text(stream, "new");
    ck_assert_int_eq(fflush(stream), 0);
    assert_reads(reader, "new");
    assert_closes(reader);
    ck_assert_str_eq(content("target"), "old");
    reader = filelike_reopen(stream, "r");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    assert_reads(reader, "new");
    assert_closes(reader);
    ck_assert_str_eq(content("target"), "new");
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(can_be_reopened_for_nothing_else)
{
    static const char *const modes[] = {"r+", "w", "w+", "a", "a+"};
    FILE *stream = open_atomic("target", "w");
    write_text(stream, "new");
    FILE *reader = filelike_reopen(stream, "r");
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_fails(filelike_reopen(stream, modes[i]), NULL, ENOTSUP);
        assert_fails(filelike_reopen(reader, modes[i]), NULL, ENOTSUP);
    }
    assert_fails(filelike_discard(reader), -1, ENOTSUP);
    assert_closes(reader);
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
}
END_TEST

/* ---- Paths ---------------------------------------------------------------------------
 */

START_TEST(directory_may_be_changed_meanwhile)
{
    char path[] = "other/target";
    faults = systems[_i];
    ck_assert_int_eq(mkdir("other", 0755), 0);
    FILE *stream = open_atomic(path, "w");
    memset(path, 'x', strlen(path));
    ck_assert_int_eq(chdir("/"), 0);
    write_text(stream, "new");
    assert_closes(stream);
    ck_assert_int_eq(chdir(scratch_path()), 0);
    ck_assert_str_eq(content("other/target"), "new");
    ck_assert_str_eq(entries("other"), "target");
}
END_TEST

START_TEST(many_at_once)
{
    enum { MANY = 20 };
    FILE *streams[MANY];
    faults = systems[_i];
    for (size_t i = 0; i < MANY; i++) {
        streams[i] = open_atomic("target", "w");
        ck_assert_int_gt(fprintf(streams[i], "%zu", i), 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        char text[16];
        assert_closes(streams[i]);
        (void) snprintf(text, sizeof text, "%zu", i);
        ck_assert_str_eq(content("target"), text);
    }
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(opens_by_name)
{
    make_file("target", "old");
    FILE *stream = filelike_fopen("atomic:target", "r+");
    write_text(stream, "NE");
    ck_assert_str_eq(content("target"), "old");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "NEd");
    assert_fails(filelike_fopen("atomic:target", "wx"), NULL, EEXIST);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static TCase *in_scratch(Suite *suite, const char *name)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    suite_add_tcase(suite, test_case);
    return test_case;
}

#define ADD(test) tcase_add_test(test_case, test)
#define ADD_TIMES(test, times) tcase_add_loop_test(test_case, test, 0, (int) (times))
#define ADD_FOR_SYSTEMS(test) ADD_TIMES(test, COUNT(systems))

static void add_publishing(TCase *test_case)
{
    ADD_FOR_SYSTEMS(makes_a_new_file);
    ADD_FOR_SYSTEMS(replaces_a_file);
    ADD_FOR_SYSTEMS(leaves_the_old_file_alone);
    ADD_FOR_SYSTEMS(puts_much_in_place);
    ADD_FOR_SYSTEMS(interrupted_calls_are_tried_again);
    ADD_FOR_SYSTEMS(puts_nothing_in_place);
    ADD_FOR_SYSTEMS(lies_aside_under_a_hidden_name);
    ADD(aside_shows_nobody_what_the_target_will_not);
    ADD_FOR_SYSTEMS(closes_all_descriptors);
    ADD_FOR_SYSTEMS(lets_no_program_inherit);
    ADD_FOR_SYSTEMS(modes_start_as_those_of_fopen);
    ADD_FOR_SYSTEMS(starts_from_much);
    ADD(starts_from_nothing);
    ADD_FOR_SYSTEMS(can_be_reopened_to_read);
    ADD(can_be_reopened_for_nothing_else);
    ADD_FOR_SYSTEMS(directory_may_be_changed_meanwhile);
    ADD_FOR_SYSTEMS(many_at_once);
    ADD(opens_by_name);
}

static void add_failures(TCase *test_case)
{
    ADD_FOR_SYSTEMS(failed_write_leaves_the_target);
    ADD_FOR_SYSTEMS(write_that_fails_in_fclose_leaves_the_target);
    ADD_FOR_SYSTEMS(failed_sync_leaves_the_target);
    ADD_FOR_SYSTEMS(failed_rename_leaves_the_target);
    ADD_FOR_SYSTEMS(discarded_leaves_the_target);
    ADD_FOR_SYSTEMS(exit_leaves_the_target);
    ADD_FOR_SYSTEMS(crash_leaves_the_target);
    ADD(cleanup_removes_what_lies_aside);
    ADD_FOR_SYSTEMS(target_may_become_a_directory);
    ADD_FOR_SYSTEMS(directory_may_vanish);
    ADD_TIMES(child_does_not_publish, COUNT(systems) * COUNT(childs_doings));
}

static void add_new_files(TCase *test_case)
{
    ADD_TIMES(new_file_only_is_checked_at_opening, WAYS_TO_OPEN_NEW);
    ADD_TIMES(new_file_only_needs_a_way, COUNT(systems) * WAYS_TO_OPEN_NEW);
    ADD_TIMES(new_file_only_is_made, COUNT(systems) * WAYS_TO_OPEN_NEW);
    ADD_TIMES(new_file_only_is_checked_at_publishing, COUNT(systems) * WAYS_TO_OPEN_NEW);
    ADD_TIMES(new_file_only_is_checked_without_a_gap, COUNT(systems) * WAYS_TO_OPEN_NEW);
    ADD_FOR_SYSTEMS(file_made_meanwhile_is_replaced);
}

static void add_refusals(TCase *test_case)
{
    ADD(refuses_only_to_read);
    ADD(refuses_to_start_beyond_the_limit);
    ADD(refuses_what_fopen_refuses);
    ADD(refuses_names_too_long);
    ADD(refuses_what_is_forbidden);
    ADD(refuses_where_no_new_file_can_be);
    ADD(needs_not_read_the_directory);
    ADD(needs_not_open_the_file_to_sync_it);
    ADD(refuses_a_file_that_is_removed);
    ADD(refuses_devices_and_pipes);
    ADD_FOR_SYSTEMS(leaves_nothing_without_descriptors);
}

static void add_links(TCase *test_case)
{
    ADD_FOR_SYSTEMS(follows_links);
    ADD(follows_absolute_links);
    ADD_FOR_SYSTEMS(follows_links_that_dangle);
    ADD(follows_links_to_directories);
    ADD(follows_as_many_links_as_fopen);
    ADD(target_may_become_a_loop);
    ADD(target_may_become_a_pipe);
    ADD_FOR_SYSTEMS(planted_links_are_not_followed);
}

static void add_permissions(TCase *test_case)
{
    ADD_FOR_SYSTEMS(new_file_has_the_mode_that_fopen_gives);
    ADD_FOR_SYSTEMS(file_keeps_its_mode);
    ADD_FOR_SYSTEMS(permissions_win);
    ADD_FOR_SYSTEMS(umask_is_left_alone);
    ADD_FOR_SYSTEMS(umask_of_the_opening_counts);
    ADD_FOR_SYSTEMS(file_may_vanish_meanwhile);
    ADD_FOR_SYSTEMS(file_keeps_its_owner);
    ADD(owner_changes_where_it_has_to);
    ADD(rights_of_the_group_go_with_it);
}

static void add_syncing(TCase *test_case)
{
    ADD_FOR_SYSTEMS(syncs_the_file_before_and_with_the_directory_after);
    ADD_FOR_SYSTEMS(sets_the_mode_before_it_is_in_place);
    ADD_FOR_SYSTEMS(does_not_wait_where_told_so);
    ADD_FOR_SYSTEMS(failed_sync_of_the_directory_is_told);
}

int main(void)
{
    Suite *suite = suite_create("atomic");
    add_publishing(in_scratch(suite, "publishing"));
    add_failures(in_scratch(suite, "failures"));
    add_new_files(in_scratch(suite, "new files"));
    add_refusals(in_scratch(suite, "refusals"));
    add_links(in_scratch(suite, "links"));
    add_permissions(in_scratch(suite, "permissions"));
    add_syncing(in_scratch(suite, "syncing"));
    return suite_run(suite);
}
