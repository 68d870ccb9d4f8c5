/* Links that lead elsewhere than their text says, or that another user has planted:
 * links of /proc, and the files and links of others in a sticky directory, also if they
 * are exchanged at any moment. Each runs in mounts of its own. Exit status 77 if these
 * are not permitted. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "mounts.h"
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SOMEBODY = 1000, SOMEBODY_ELSE = 1001, STICKY = 01777, STICKY_FOR_GROUP = 01775 };

static bool is(const char *path, const char *expected)
{
    const char *found = content(path);
    return found != NULL && strcmp(found, expected) == 0;
}

/* 0, or the errno with which "new" could not be put at PATH. Then the old content must
 * stay. */
static int put_by_atomic(const char *path)
{
    FILE *stream = filelike_atomic(path, "w", NULL);
    if (stream == NULL)
        return errno;
    EXPECT(fputs("new", stream) >= 0);
    return fclose(stream) == 0 ? 0 : errno;
}

static int put_by_persist(const char *path)
{
    FILE *stream = filelike_memory("w+", NULL);
    EXPECT(fputs("new", stream) >= 0);
    int error = filelike_persist(stream, path, 0) == 0 ? 0 : errno;
    EXPECT(fclose(stream) == 0);
    return error;
}

/* Both ways must have the same outcome. */
static void check_put(const char *path, int expected, const char *place)
{
    int (*const ways[])(const char *) = {put_by_atomic, put_by_persist};
    for (size_t i = 0; i < COUNT(ways); i++) {
        int error = ways[i](path);
        if (!EXPECT(error == expected))
            (void) fprintf(stderr, "%s: %s\n", path, strerror(error));
        EXPECT(is(place, expected == 0 ? "new" : "old"));
    }
}

/* ---- Links of /proc ------------------------------------------------------------------
 */

static char proc_link[64];

static const char *link_to(pid_t process, int descriptor)
{
    (void) snprintf(
        proc_link, sizeof proc_link, "/proc/%d/fd/%d", (int) process, descriptor);
    return proc_link;
}

static int open_old(const char *path)
{
    make_file(path, "old");
    return open(path, O_RDWR | O_CLOEXEC);
}

/* Once the target is replaced, the descriptor's file has no name any more. The name
 * belongs to the new file. */
static void check_that_leads(void)
{
    int (*const ways[])(const char *) = {put_by_atomic, put_by_persist};
    for (size_t i = 0; i < COUNT(ways); i++) {
        int descriptor = open_old("disk/target");
        EXPECT(ways[i](link_to(getpid(), descriptor)) == 0 && is("disk/target", "new"));
        EXPECT(ways[i](proc_link) == ENOENT);
        EXPECT(close(descriptor) == 0);
    }
    char link[64];
    int descriptor = open_old("disk/target");
    (void) snprintf(link, sizeof link, "/dev/fd/%d", descriptor);
    EXPECT(symlink(link, "disk/link") == 0);
    EXPECT(put_by_atomic("disk/link") == 0 && is("disk/target", "new"));
    EXPECT(strcmp(entries("disk"), "link old target") == 0);
    EXPECT(close(descriptor) == 0);
}

/* A target that fopen would not open to write is refused with its errno. */
static void check_no_file(void)
{
    int directory = open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT(put_by_atomic(link_to(getpid(), directory)) == EISDIR);
    EXPECT(put_by_persist(proc_link) == EISDIR);
    EXPECT(close(directory) == 0);
}

/* The text of the link is the name of an innocent file. */
static void check_removed(void)
{
    int descriptor = open_old("disk/target");
    make_file("disk/target (deleted)", "old");
    EXPECT(unlink("disk/target") == 0);
    check_put(link_to(getpid(), descriptor), ENOENT, "disk/target (deleted)");
    EXPECT(strcmp(entries("disk"), "old target (deleted)") == 0);
    EXPECT(close(descriptor) == 0);
}

/* The text of the link is the name of another link, which leads to an innocent file. */
static void check_removed_for_a_link(void)
{
    int descriptor = open_old("disk/target");
    int innocent = open_old("disk/innocent");
    EXPECT(symlink(link_to(getpid(), innocent), "disk/target (deleted)") == 0);
    EXPECT(unlink("disk/target") == 0);
    check_put(link_to(getpid(), descriptor), ENOENT, "disk/innocent");
    EXPECT(close(descriptor) == 0 && close(innocent) == 0);
}

static void check_below_a_mount(void)
{
    int descriptor = open_old("disk/target");
    EXPECT(mount_memory("disk", "size=1m"));
    make_file("disk/target", "old");
    check_put(link_to(getpid(), descriptor), ENOENT, "disk/target");
    EXPECT(close(descriptor) == 0);
}

/* Tells the other end that its file is open, and waits until that is closed. */
static int hold_in_other_mounts(int descriptor, int end)
{
    char byte = 0;
    if (!mounts_begin() || !mount_memory("disk", "size=1m"))
        return SKIPPED;
    int other = open_old("disk/target");
    if (other == -1 || dup2(other, descriptor) == -1 || write(end, &byte, 1) != 1)
        return EXIT_FAILURE;
    (void) !read(end, &byte, 1);
    return EXIT_SUCCESS;
}

static void check_other_mounts(void)
{
    enum { NUMBER = 40 };
    int ends[2];
    char byte;
    make_file("disk/target", "old");
    EXPECT(pipe2(ends, O_CLOEXEC) == 0);
    int answers[2];
    EXPECT(pipe2(answers, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0) {
        (void) close(ends[1]);
        if (dup2(answers[1], ends[0] + 100) == -1)
            _exit(EXIT_FAILURE);
        _exit(hold_in_other_mounts(NUMBER, ends[0] + 100));
    }
    EXPECT(close(answers[1]) == 0);
    if (read(answers[0], &byte, 1) == 1)
        check_put(link_to(child, NUMBER), ENOENT, "disk/target");
    else
        say_skipped("links to files of other mounts", "there are none");
    (void) kill(child, SIGKILL);
    (void) waitpid(child, NULL, 0);
    EXPECT(close(ends[0]) == 0 && close(ends[1]) == 0 && close(answers[0]) == 0);
}

/* ---- The kernel's rules --------------------------------------------------------------
 */

/* Lets the library read VALUE. The kernel's own setting is for the whole system, so it
 * stays. */
static bool set_rule(const char *name, const char *value)
{
    char path[64];
    (void) snprintf(path, sizeof path, "/proc/sys/fs/%s", name);
    make_file(name, value);
    return mount(name, path, NULL, MS_BIND, NULL) == 0;
}

/* PATH is a link to "old" that belongs to USER. */
static void plant_link(const char *path, uid_t user)
{
    make_file("disk/old", "old");
    (void) unlink(path);
    EXPECT(symlink("../old", path) == 0 && lchown(path, user, user) == 0);
}

static void make_place(mode_t mode, uid_t owner)
{
    EXPECT(mkdir("disk/place", S_IRWXU) == 0);
    EXPECT(chmod("disk/place", mode) == 0 && chown("disk/place", owner, owner) == 0);
}

static void check_planted_links(int refused)
{
    make_place(STICKY, 0);
    plant_link("disk/place/link", SOMEBODY);
    check_put("disk/place/link", refused, "disk/old");
    /* The rule holds on the way, too: the first link is ours, the second is not. */
    EXPECT(symlink("place/link", "disk/own") == 0);
    make_file("disk/old", "old");
    check_put("disk/own", refused, "disk/old");
    /* The kernel follows a link of another user in the middle of a path. */
    EXPECT(mkdir("disk/place/directory", S_IRWXU) == 0);
    EXPECT(symlink("directory", "disk/place/to") == 0);
    EXPECT(lchown("disk/place/to", SOMEBODY, SOMEBODY) == 0);
    EXPECT(put_by_atomic("disk/place/to/target") == 0);
    /* These links are followed: our own, one of the directory's owner, and one in a
     * directory that nobody else may write. */
    plant_link("disk/place/link", 0);
    check_put("disk/place/link", 0, "disk/old");
    EXPECT(chown("disk/place", SOMEBODY, SOMEBODY) == 0);
    plant_link("disk/place/link", SOMEBODY);
    check_put("disk/place/link", 0, "disk/old");
    EXPECT(chown("disk/place", 0, 0) == 0 && chmod("disk/place", 0755) == 0);
    plant_link("disk/place/link", SOMEBODY);
    check_put("disk/place/link", 0, "disk/old");
}

static void check_protected_links(void)
{
    if (EXPECT(set_rule("protected_symlinks", "1")))
        check_planted_links(EACCES);
}

static void check_unprotected_links(void)
{
    if (EXPECT(set_rule("protected_symlinks", "0")))
        check_planted_links(0);
}

/* A container may have put an empty file there. */
static void check_empty_rules(void)
{
    if (EXPECT(set_rule("protected_symlinks", "")))
        check_planted_links(EACCES);
}

static void check_unknown_rules(void)
{
    EXPECT(mount_memory("/proc/sys", "size=4k"));
    check_planted_links(EACCES);
}

static void check_planted_file(mode_t mode, const char *rule, int expected)
{
    EXPECT(set_rule("protected_regular", rule));
    make_place(mode, 0);
    make_file("disk/place/target", "old");
    EXPECT(chown("disk/place/target", SOMEBODY, SOMEBODY) == 0);
    EXPECT(chmod("disk/place/target", 0666) == 0);
    check_put("disk/place/target", expected, "disk/place/target");
    EXPECT(chown("disk/place", SOMEBODY, SOMEBODY) == 0);
    check_put("disk/place/target", 0, "disk/place/target");
    EXPECT(unlink("disk/place/target") == 0 && rmdir("disk/place") == 0);
    EXPECT(unmount("/proc/sys/fs/protected_regular"));
}

static void check_planted_files(void)
{
    check_planted_file(STICKY, "0", 0);
    check_planted_file(STICKY, "1", EACCES);
    check_planted_file(STICKY, "2", EACCES);
    check_planted_file(STICKY_FOR_GROUP, "", EACCES);
    check_planted_file(STICKY_FOR_GROUP, "1", 0);
    check_planted_file(STICKY_FOR_GROUP, "2", EACCES);
    check_planted_file(0777, "2", 0);
}

/* The link's owner would own the published file. */
static void check_file_planted_meanwhile(void)
{
    EXPECT(set_rule("protected_regular", "1"));
    make_place(STICKY, 0);
    FILE *stream = filelike_atomic("disk/place/target", "w", NULL);
    EXPECT(fputs("new", stream) >= 0);
    make_file("disk/place/target", "old");
    EXPECT(chown("disk/place/target", SOMEBODY, SOMEBODY) == 0);
    EXPECT_FAILS(fclose(stream), EOF, EACCES);
    EXPECT(is("disk/place/target", "old"));
    EXPECT(strcmp(entries("disk/place"), "target") == 0);
}

/* A link that is planted after the opening is replaced itself, as rename does. */
static void check_link_planted_meanwhile(void)
{
    struct stat status;
    make_place(STICKY, 0);
    FILE *stream = filelike_atomic("disk/place/link", "w", NULL);
    EXPECT(fputs("new", stream) >= 0);
    plant_link("disk/place/link", SOMEBODY);
    EXPECT(fclose(stream) == 0);
    EXPECT(lstat("disk/place/link", &status) == 0 && S_ISREG(status.st_mode));
    EXPECT((status.st_mode & 07777) == 0644 && status.st_uid == 0);
    EXPECT(is("disk/old", "old") && is("disk/place/link", "new"));
}

/* ---- A race --------------------------------------------------------------------------
 */

static void exchange(const char *one, const char *other)
{
    enum { EXCHANGE = 2 }; /* the kernel's RENAME_EXCHANGE */
    (void) syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE);
}

static _Noreturn void exchange_for_ever(void)
{
    enum { MOST = 10000000 };
    if (chdir("disk/place") != 0 || setgid(SOMEBODY) != 0 || setuid(SOMEBODY) != 0)
        _exit(EXIT_FAILURE);
    for (int i = 0; i < MOST; i++)
        exchange("target", "link");
    _exit(EXIT_SUCCESS);
}

/* The other user's own file, and a link to a file of another. */
static void plant_both(void)
{
    plant_link("disk/place/link", SOMEBODY);
    make_file("disk/place/target", "mine");
    EXPECT(chown("disk/place/target", SOMEBODY, SOMEBODY) == 0);
}

static bool is_link(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* If a link has taken the place of the file that was checked, the link is replaced. */
static void plant_again(void)
{
    if (is_link("disk/place/target") || is_link("disk/place/link"))
        return;
    (void) unlink("disk/place/target");
    plant_both();
}

/* The other user's own file may be replaced. The file that the link leads to may not. */
static void check_race(void)
{
    enum { ROUNDS = 2000 };
    int replaced = 0;
    EXPECT(set_rule("protected_symlinks", "1") && set_rule("protected_regular", "0"));
    make_place(STICKY, 0);
    plant_both();
    pid_t child = fork();
    if (child == 0)
        exchange_for_ever();
    for (int i = 0; i < ROUNDS && expect_failures == 0; i++) {
        int error = put_by_atomic("disk/place/target");
        replaced += error == 0;
        EXPECT(error == 0 || error == EACCES);
        EXPECT(is("disk/old", "old"));
        plant_again();
    }
    EXPECT(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    if (replaced == 0 || replaced == ROUNDS)
        say_skipped("a race for a link", "nobody came in between");
}

/* ---- Mounts without links ------------------------------------------------------------
 */

static void check_no_links(void)
{
    enum { NO_LINKS = 256 }; /* the kernel's MS_NOSYMFOLLOW, since 5.10 */
    EXPECT(symlink("old", "disk/link") == 0);
    make_file("disk/old", "old");
    if (mount("none", "disk", NULL, MS_REMOUNT | NO_LINKS, NULL) != 0 ||
        access("disk/link", F_OK) == 0) {
        say_skipped("mounts that follow no links", "this kernel knows none");
        return;
    }
    check_put("disk/link", ELOOP, "disk/old");
}

/* ---- One after the other -------------------------------------------------------------
 */

static const struct scenario {
    const char *name;
    void (*check)(void);
    bool needs_root; /* and users that are not */
} scenarios[] = {
    {"link of /proc", check_that_leads, false},
    {"link of /proc to a link of /proc", check_removed_for_a_link, false},
    {"link of /proc to a directory", check_no_file, false},
    {"link of /proc to a removed file", check_removed, false},
    {"link of /proc to a file below a mount", check_below_a_mount, false},
    {"link of /proc to a file of other mounts", check_other_mounts, false},
    {"planted links", check_protected_links, true},
    {"planted links, no rule", check_unprotected_links, true},
    {"planted links, empty rules", check_empty_rules, true},
    {"planted links, unknown rules", check_unknown_rules, true},
    {"planted files", check_planted_files, true},
    {"file planted meanwhile", check_file_planted_meanwhile, true},
    {"link planted meanwhile", check_link_planted_meanwhile, true},
    {"race for a link", check_race, true},
    {"mount without links", check_no_links, false},
};

static int run(void *context)
{
    const struct scenario *scenario = context;
    bool is_root = geteuid() == 0;
    expect_failures = 0;
    expect_subject = scenario->name;
    if (scenario->needs_root && !is_root) {
        say_skipped(scenario->name, "only root may give files away");
        return SKIPPED;
    }
    if (!mounts_begin() || !mount_memory("disk", "size=1m,mode=755")) {
        say_skipped(scenario->name, strerror(errno));
        return SKIPPED;
    }
    make_file("disk/old", "old");
    scenario->check();
    return expect_status();
}

static int run_in_scratch(const struct scenario *scenario)
{
    struct scenario own = *scenario;
    scratch_enter();
    EXPECT(chmod(".", 0755) == 0 && mkdir("disk", 0755) == 0);
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
