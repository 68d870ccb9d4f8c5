/* Filesystems that lose bytes and report it once, that keep no modes or owners, or that
 * lack links, flags of rename or syncs of directories. The target holds the whole new
 * content, or the old content stays and the caller is told. Exit status 77 if FUSE
 * cannot be used. */
#include <config.h>

#include "expect.h"
#include "faulty.h"
#include "filelike.h"
#include "mounts.h"
#include "put.h"
#include "scratch.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { PATIENCE_SECONDS = 120 };

static const struct filelike_options on_disk = {.dir = "disk"};

static struct faulty_settings *settings; /* of "disk" */

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

/* ---- Lost bytes ---------------------------------------------------------------------
 */

static void lose(int *error_once, int error)
{
    for (size_t i = 0; i < put_ways; i++) {
        make_file("disk/target", "old");
        *error_once = error;
        EXPECT(put(i, 0, error, "old"));
        EXPECT(*error_once == 0);
        *error_once = 0;
    }
}

static void check_sync(void)
{
    lose(&settings->sync_once, EIO);
    lose(&settings->sync_once, ENOSPC);
}

static void check_close(void)
{
    lose(&settings->close_once, EIO);
    lose(&settings->close_once, EDQUOT);
}

static void check_close_alone(void)
{
    settings->lacks_sync = true;
    lose(&settings->close_once, EIO);
    lose(&settings->close_once, ENOSPC);
}

/* The filesystem reports the loss only once, and nothing is known of the stream's own
 * file afterwards. So each later try must fail, too. */
static void check_second_try(int *error_once)
{
    FILE *stream = filelike_named("w+", &on_disk);
    make_file("disk/target", "old");
    EXPECT(fputs("new", stream) >= 0);
    *error_once = EIO;
    EXPECT_FAILS(filelike_persist(stream, "disk/target", 0), -1, EIO);
    EXPECT_FAILS(filelike_persist(stream, "disk/target", 0), -1, EIO);
    EXPECT_FAILS(filelike_persist(stream, "target", 0), -1, EIO);
    EXPECT(filelike_error(stream) == EIO);
    EXPECT_FAILS(fclose(stream), EOF, EIO);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "target") && is(entries("."), "disk"));
}

static void check_second_sync(void)
{
    check_second_try(&settings->sync_once);
}

static void check_second_close(void)
{
    settings->lacks_sync = true;
    check_second_try(&settings->close_once);
}

/* The bytes are still in memory. */
static void check_second_copy(void)
{
    FILE *stream = filelike_memory("w+", NULL);
    make_file("disk/target", "old");
    EXPECT(fputs("new", stream) >= 0);
    settings->sync_once = EIO;
    EXPECT_FAILS(filelike_persist(stream, "disk/target", 0), -1, EIO);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(filelike_persist(stream, "disk/target", 0) == 0);
    EXPECT(is(content("disk/target"), "new"));
    EXPECT(fclose(stream) == 0);
}

/* ---- No modes, no owners ------------------------------------------------------------
 */

enum { EVERYBODY = 0777, OWN = 0600, OTHER_USER = 1000 };

static void keep_no_modes(int error)
{
    settings->mode = EVERYBODY;
    settings->change_mode = error;
    settings->change_owner = error;
    EXPECT(put_all("old", 0, 0, "new"));
    EXPECT(put_all(NULL, 0, 0, "new"));
}

static void check_no_modes(void)
{
    keep_no_modes(EPERM);
    keep_no_modes(EOPNOTSUPP);
    keep_no_modes(ENOSYS);
}

/* A request that the filesystem cannot fulfil is an error. */
static void check_permissions(void)
{
    struct filelike_options options = {.permissions = EVERYBODY};
    settings->mode = EVERYBODY;
    settings->change_mode = EPERM;
    make_file("disk/target", "old");
    EXPECT(fclose(filelike_atomic("disk/target", "w", &options)) == 0);
    EXPECT(is(content("disk/target"), ""));
    make_file("disk/target", "old");
    options.permissions = OWN;
    EXPECT_FAILS(fclose(filelike_atomic("disk/target", "w", &options)), EOF, EPERM);
    EXPECT(is(content("disk/target"), "old"));
    EXPECT(is(entries("disk"), "target"));
}

/* The new file belongs to another user. Its group gets no more rights than all others
 * had. */
static void replace_of_others(size_t way, int error)
{
    enum { SHARED = 0664, PUBLIC = 0644 };
    settings->change_owner = 0;
    make_file("disk/target", "old");
    EXPECT(chmod("disk/target", SHARED) == 0);
    if (chown("disk/target", OTHER_USER, OTHER_USER) != 0) {
        say_skipped("files of other owners", strerror(errno));
        return;
    }
    settings->change_owner = error;
    EXPECT(put(way, 0, 0, "new"));
    EXPECT(mode_of("disk/target") == PUBLIC);
}

static void check_no_owners(void)
{
    for (size_t i = 0; i < put_ways; i++)
        replace_of_others(i, EPERM);
    for (size_t i = 0; i < put_ways; i++)
        replace_of_others(i, ENOSYS);
}

/* ---- No links, no flags of rename ---------------------------------------------------
 */

static void check_new_names(int link_error, int rename_error)
{
    settings->link = link_error;
    settings->rename_flags = rename_error;
    bool possible = link_error == 0 || rename_error == 0;
    EXPECT(put_all("old", 0, 0, "new"));
    EXPECT(put_all("old", FILELIKE_NOREPLACE, EEXIST, "old"));
    EXPECT(put_all(
        NULL, FILELIKE_NOREPLACE, possible ? 0 : ENOTSUP, possible ? "new" : NULL));
}

static void check_no_links(void)
{
    check_new_names(EPERM, 0);
    check_new_names(EOPNOTSUPP, 0);
    check_new_names(ENOSYS, 0);
}

static void check_no_rename_flags(void)
{
    check_new_names(0, EINVAL);
    check_new_names(0, ENOSYS);
}

static void check_neither(void)
{
    check_new_names(EPERM, EINVAL);
    check_new_names(EOPNOTSUPP, EINVAL);
    check_new_names(ENOSYS, ENOSYS);
}

/* ---- No sizes ------------------------------------------------------------------------
 */

static FILE *open_without_size(const char *path, const char *text)
{
    settings->hides_sizes = false;
    make_file(path, text);
    settings->hides_sizes = true;
    FILE *stream = fopen(path, "re");
    EXPECT(stream != NULL);
    return stream;
}

/* The bytes can be read, but not their number. A copy has all of them. */
static void check_no_sizes(void)
{
    FILE *stream = open_without_size("disk/file", "bytes");
    EXPECT_FAILS(filelike_size(stream), -1, ENOTSUP);
    EXPECT_FAILS(filelike_view(stream, NULL), NULL, ENOTSUP);
    EXPECT(filelike_persist(stream, "copy", 0) == 0 && is(content("copy"), "bytes"));
    EXPECT(unlink("copy") == 0 && fclose(stream) == 0);
    stream = open_without_size("disk/empty", "");
    EXPECT(filelike_size(stream) == 0 && fclose(stream) == 0);
}

/* ---- Syncs of the directory ---------------------------------------------------------
 */

static void check_no_directory_sync(void)
{
    static const int errors[] = {EINVAL, EOPNOTSUPP, ENOSYS};
    for (size_t i = 0; i < COUNT(errors); i++) {
        settings->sync_directory = errors[i];
        EXPECT(put_all("old", 0, 0, "new"));
        EXPECT(put_all(NULL, FILELIKE_NOREPLACE, 0, "new"));
    }
}

/* The new content stands then. */
static void check_directory_sync_fails(void)
{
    settings->sync_directory = EIO;
    EXPECT(put_all("old", 0, EIO, "new"));
    EXPECT(put_all("old", FILELIKE_NOSYNC, 0, "new"));
}

/* ---- One after the other ------------------------------------------------------------
 */

static const struct scenario {
    const char *name;
    void (*check)(void);
} scenarios[] = {
    {"fsync fails", check_sync},
    {"close fails", check_close},
    {"close fails, no fsync", check_close_alone},
    {"fsync fails, a second try", check_second_sync},
    {"close fails, no fsync, a second try", check_second_close},
    {"fsync fails, another copy", check_second_copy},
    {"no modes", check_no_modes},
    {"no modes, but permissions", check_permissions},
    {"no owners", check_no_owners},
    {"no links", check_no_links},
    {"no flags of rename", check_no_rename_flags},
    {"no links, no flags of rename", check_neither},
    {"no sizes", check_no_sizes},
    {"no fsync of directories", check_no_directory_sync},
    {"fsync of directories fails", check_directory_sync_fails},
};

static int run(void *context)
{
    const struct scenario *scenario = context;
    struct faulty faulty;
    expect_failures = 0;
    (void) alarm(PATIENCE_SECONDS);
    expect_subject = scenario->name;
    if (!mounts_begin() || !faulty_start(&faulty, "disk", PATIENCE_SECONDS)) {
        say_skipped(scenario->name, strerror(errno));
        return SKIPPED;
    }
    settings = faulty.settings;
    scenario->check();
    faulty_stop(&faulty);
    return expect_status();
}

static int run_in_scratch(const struct scenario *scenario)
{
    struct scenario own = *scenario;
    scratch_enter();
    EXPECT(mkdir("disk", S_IRWXU) == 0);
    int status = in_child(run, &own);
    scratch_leave();
    return status;
}

int main(void)
{
    size_t skipped = 0;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        int status = run_in_scratch(&scenarios[i]);
        expect_subject = scenarios[i].name;
        EXPECT(status == EXIT_SUCCESS || status == SKIPPED);
        skipped += status == SKIPPED;
    }
    return skipped == COUNT(scenarios) ? SKIPPED : expect_status();
}
