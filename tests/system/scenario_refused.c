/* Targets that can be written but not replaced: mount points, files of others in a
 * sticky directory, and files and directories that chattr(1) has made immutable or
 * append-only. They are refused before anything is written. The test skips targets that
 * it cannot make, and exits with 77 if it can make none. */
#include <config.h>

#include "expect.h"
#include "faults.h"
#include "filelike.h"
#include "mounts.h"
#include "scratch.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SOMEBODY = 1000, SOMEBODY_ELSE = 1001 };

static bool is(const char *path, const char *expected)
{
    const char *found = content(path);
    return found == NULL || expected == NULL ? found == expected
                                             : strcmp(found, expected) == 0;
}

/* ---- Ways ----------------------------------------------------------------------------
 */

static int atomic_error(const char *path, const char *mode, unsigned flags)
{
    struct filelike_options options = {.flags = flags};
    FILE *stream = filelike_atomic(path, mode, &options);
    if (stream == NULL)
        return errno;
    EXPECT(fputs("new", stream) >= 0);
    if (fclose(stream) == 0)
        return 0;
    (void) fprintf(stderr, "%s, %s: %s, at the end only\n", path, mode, strerror(errno));
    return -1;
}

static int persist_error(FILE *stream, const char *path, unsigned flags)
{
    if (!EXPECT(stream != NULL))
        return -1;
    EXPECT(fputs("new", stream) >= 0);
    int error = filelike_persist(stream, path, flags) == 0 ? 0 : errno;
    EXPECT(fclose(stream) == 0);
    return error;
}

static FILE *open_streams_file(bool named)
{
    struct filelike_options options = {.dir = "streams"};
    return named ? filelike_named("w+", &options) : filelike_temporary("w+", &options);
}

/* Each way fails with ERROR. PATH keeps the old content, and the directory holds only
 * NAMES. */
static void check_refused(const char *path, int error, const char *names)
{
    static const char *const modes[] = {"w", "a", "r+"};
    for (size_t i = 0; i < COUNT(modes); i++)
        EXPECT(atomic_error(path, modes[i], 0) == error);
    EXPECT(atomic_error(path, "wx", 0) == EEXIST);
    EXPECT(persist_error(filelike_memory("w+", NULL), path, 0) == error);
    EXPECT(persist_error(open_streams_file(true), path, 0) == error);
    EXPECT(persist_error(open_streams_file(false), path, 0) == error);
    EXPECT(is(path, "old"));
    EXPECT(strcmp(entries("there"), names) == 0);
    EXPECT(strcmp(entries("streams"), "") == 0);
}

static void check_replaced(const char *path, const char *names)
{
    EXPECT(atomic_error(path, "w", 0) == 0 && is(path, "new"));
    EXPECT(persist_error(filelike_memory("w+", NULL), path, 0) == 0);
    EXPECT(persist_error(open_streams_file(true), path, 0) == 0);
    EXPECT(persist_error(open_streams_file(false), path, 0) == 0);
    EXPECT(is(path, "new"));
    EXPECT(strcmp(entries("there"), names) == 0);
    EXPECT(strcmp(entries("streams"), "") == 0);
}

static int skip(const char *reason)
{
    say_skipped(expect_subject, reason);
    return SKIPPED;
}

/* ---- A mount point -------------------------------------------------------------------
 */

static int mount_point(void)
{
    if (!mounts_begin())
        return skip(strerror(errno));
    make_file("there/target", "old");
    make_file("other", "old");
    EXPECT(mount("other", "there/target", NULL, MS_BIND, NULL) == 0);
    check_refused("there/target", EBUSY, "target");
    EXPECT(symlink("target", "there/link") == 0);
    EXPECT(atomic_error("there/link", "w", 0) == EBUSY);
    EXPECT(is("other", "old"));
    EXPECT(unmount("there/target"));
    EXPECT(is("there/target", "old"));
    return expect_status();
}

/* ---- A sticky directory --------------------------------------------------------------
 */

static bool set_rule(const char *value)
{
    make_file("rule", value);
    return mount("rule", "/proc/sys/fs/protected_regular", NULL, MS_BIND, NULL) == 0;
}

static bool become(uid_t user)
{
    return setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0;
}

static void make_others_file(const char *path, uid_t owner)
{
    make_file(path, "old");
    EXPECT(chown(path, owner, owner) == 0 && chmod(path, 0666) == 0);
}

static int sticky_directory(void)
{
    if (geteuid() != 0 || !mounts_begin())
        return skip("only root may give files away");
    EXPECT(chmod("there", 01777) == 0);
    make_others_file("there/other", SOMEBODY_ELSE);
    make_others_file("there/own", SOMEBODY);
    make_others_file("there/root", 0);
    EXPECT(set_rule("0"));
    check_replaced("there/other", "other own root");
    make_file("there/other", "old");
    EXPECT(become(SOMEBODY));
    check_refused("there/other", EPERM, "other own root");
    check_refused("there/root", EPERM, "other own root");
    check_replaced("there/own", "other own root");
    return expect_status();
}

/* The rules for planted files come first: such a file cannot even be written. */
static int planted_file(void)
{
    if (geteuid() != 0 || !mounts_begin())
        return skip("only root may give files away");
    EXPECT(chmod("there", 01777) == 0);
    make_others_file("there/other", SOMEBODY_ELSE);
    EXPECT(set_rule("1"));
    EXPECT(become(SOMEBODY));
    check_refused("there/other", EACCES, "other");
    return expect_status();
}

/* Nobody else could have planted the file. */
static int sticky_directory_of_one(void)
{
    if (geteuid() != 0 || !mounts_begin())
        return skip("only root may give files away");
    EXPECT(chmod("there", 01755) == 0);
    make_others_file("there/other", SOMEBODY_ELSE);
    EXPECT(set_rule("2"));
    check_replaced("there/other", "other");
    return expect_status();
}

static int own_sticky_directory(void)
{
    if (geteuid() != 0 || !mounts_begin())
        return skip("only root may give files away");
    EXPECT(chown("there", SOMEBODY, SOMEBODY) == 0 && chmod("there", 01777) == 0);
    make_others_file("there/other", SOMEBODY_ELSE);
    EXPECT(set_rule("0"));
    EXPECT(become(SOMEBODY));
    check_replaced("there/other", "other");
    return expect_status();
}

/* filelike_persist replaces only files that fopen is allowed to write. */
static int file_of_another(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    make_file("there/target", "old");
    EXPECT(chmod("there/target", 0644) == 0);
    EXPECT(become(SOMEBODY));
    check_refused("there/target", EACCES, "target");
    return expect_status();
}

/* ---- chattr --------------------------------------------------------------------------
 */

/* The type of ioctl's second argument. The kernel looks at 32 bits of it. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

/* Of the kernel's linux/fs.h, which musl-gcc does not find. */
#define GET_FLAGS ((ioctl_request) _IOR('f', 1, long))
#define SET_FLAGS ((ioctl_request) _IOW('f', 2, long))
enum { IMMUTABLE_FLAG = 0x10, APPEND_FLAG = 0x20 };

/* Those two alone: filesystems have flags of their own. */
static bool set_attributes(const char *path, int attributes)
{
    int flags = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    int status = ioctl(descriptor, GET_FLAGS, &flags);
    flags = (flags & ~(IMMUTABLE_FLAG | APPEND_FLAG)) | attributes;
    if (status == 0)
        status = ioctl(descriptor, SET_FLAGS, &flags);
    EXPECT(close(descriptor) == 0);
    return status == 0;
}

static int fixed_file(int attribute)
{
    make_file("there/target", "old");
    if (!set_attributes("there/target", attribute))
        return skip("this filesystem has no such files, or this user may not make one");
    check_refused("there/target", EPERM, "target");
    EXPECT(set_attributes("there/target", 0));
    return expect_status();
}

static int immutable_file(void)
{
    return fixed_file(IMMUTABLE_FLAG);
}

static int file_for_appending(void)
{
    return fixed_file(APPEND_FLAG);
}

static int immutable_directory(void)
{
    make_file("there/target", "old");
    if (!set_attributes("there", IMMUTABLE_FLAG))
        return skip("this filesystem has no such directories, or this user may not "
                    "make one");
    EXPECT(atomic_error("there/target", "w", 0) == EPERM);
    EXPECT(atomic_error("there/new", "w", 0) == EPERM);
    EXPECT(persist_error(filelike_memory("w+", NULL), "there/target", 0) == EPERM);
    EXPECT(persist_error(open_streams_file(true), "there/new", 0) == EPERM);
    EXPECT(strcmp(entries("there"), "target") == 0);
    EXPECT(set_attributes("there", 0));
    return expect_status();
}

/* A new file needs no hidden name. In such a directory a hidden name could never be
 * removed. */
static void check_new_files(unsigned flags, const char *names)
{
    EXPECT(atomic_error("there/1", "w", flags) == 0);
    EXPECT(persist_error(filelike_memory("w+", NULL), "there/2", flags) == 0);
    EXPECT(persist_error(open_streams_file(true), "there/3", flags) == 0);
    EXPECT(persist_error(open_streams_file(false), "there/4", flags) == 0);
    EXPECT(strcmp(entries("there"), names) == 0);
}

/* A way that needs a hidden name fails before it makes anything. */
static void check_hidden_names(const struct faults *system)
{
    faults = *system;
    EXPECT(atomic_error("there/new", "w", 0) == EPERM);
    EXPECT(atomic_error("there/new", "w", FILELIKE_NOREPLACE) == EPERM);
    EXPECT(persist_error(filelike_memory("w+", NULL), "there/new", 0) == EPERM);
    faults = (struct faults){0};
    EXPECT(strcmp(entries("there"), "target") == 0);
}

static void check_names_that_stay(void)
{
    check_refused("there/target", EPERM, "target");
    check_hidden_names(&(struct faults){.tmpfile = EOPNOTSUPP});
    check_new_files(0, "1 2 3 4 target");
}

static int directory_for_adding(void)
{
    make_file("there/target", "old");
    if (!set_attributes("there", APPEND_FLAG))
        return skip("this filesystem has no such directories, or this user may not "
                    "make one");
    check_names_that_stay();
    EXPECT(set_attributes("there", 0));
    return expect_status();
}

/* A named stream would leave its file behind. So would a temporary one where the
 * filesystem has no files without a name. */
static int directory_for_adding_temporary_files(void)
{
    struct filelike_options options = {.dir = "there"};
    if (!set_attributes("there", APPEND_FLAG))
        return skip("this filesystem has no such directories, or this user may not "
                    "make one");
    EXPECT(filelike_named("w+", &options) == NULL && errno == EPERM);
    faults.tmpfile = EOPNOTSUPP;
    EXPECT(filelike_temporary("w+", &options) == NULL && errno == EPERM);
    faults.tmpfile = 0;
    EXPECT(strcmp(entries("there"), "") == 0);
    EXPECT(set_attributes("there", 0));
    return expect_status();
}

/* The same with FILELIKE_NOREPLACE, with and without renameat2. */
static int directory_for_adding_anew(void)
{
    make_file("there/target", "old");
    if (!set_attributes("there", APPEND_FLAG))
        return skip("this filesystem has no such directories, or this user may not "
                    "make one");
    faults.rename_new = EINVAL;
    check_new_files(FILELIKE_NOREPLACE, "1 2 3 4 target");
    faults.rename_new = 0;
    EXPECT(set_attributes("there", 0));
    return expect_status();
}

/* ---- One after the other -------------------------------------------------------------
 */

static const struct scenario {
    const char *name;
    int (*run)(void);
} scenarios[] = {
    {"mount point", mount_point},
    {"file of another in a sticky directory", sticky_directory},
    {"file planted in a sticky directory", planted_file},
    {"file of another in a sticky directory of one user's", sticky_directory_of_one},
    {"file of another in our own sticky directory", own_sticky_directory},
    {"file of another", file_of_another},
    {"immutable file", immutable_file},
    {"file for appending only", file_for_appending},
    {"immutable directory", immutable_directory},
    {"directory for adding only", directory_for_adding},
    {"directory for adding only, nothing replaced", directory_for_adding_anew},
    {"directory for adding only, temporary files", directory_for_adding_temporary_files},
};

static int run(void *context)
{
    const struct scenario *scenario = context;
    expect_failures = 0;
    expect_subject = scenario->name;
    return scenario->run();
}

static int run_in_scratch(const struct scenario *scenario)
{
    struct scenario own = *scenario;
    scratch_enter();
    EXPECT(chmod(".", 0755) == 0);
    EXPECT(mkdir("there", 0777) == 0 && chmod("there", 0777) == 0);
    EXPECT(mkdir("streams", 0777) == 0 && chmod("streams", 0777) == 0);
    int status = in_child(run, &own);
    /* After any failure the directory must be removable. */
    (void) set_attributes("there", 0);
    if (access("there/target", F_OK) == 0)
        (void) set_attributes("there/target", 0);
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
