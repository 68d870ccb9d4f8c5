/* Conditions under which a file must still be put in place: a sandbox that refuses
 * unknown calls with EPERM, as old ones do, a working directory without a path, and a
 * kernel that forbids executable memory files. The test skips conditions that it cannot
 * make, and exits with 77 if it can make none. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "sanitized.h"
#include "scratch.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __has_include
#if __has_include(<linux/filter.h>) && __has_include(<linux/seccomp.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#define HAVE_FILTERS
#endif
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SOMEBODY = 1000, SOMEBODY_ELSE = 1001 };

static bool is(const char *path, const char *expected)
{
    const char *found = content(path);
    return found != NULL && strcmp(found, expected) == 0;
}

static int skip(const char *reason)
{
    say_skipped(expect_subject, reason);
    return SKIPPED;
}

/* The leak sanitizer traces the process and makes threads. A process that may do neither
 * must not start it, so it ends by _exit. */
static int end_untraced(int status)
{
    (void) fflush(stdout);
    if (SANITIZED)
        _exit(status);
    return status;
}

static bool become(uid_t user)
{
    return setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0;
}

/* ---- Ways ----------------------------------------------------------------------------
 */

/* 0, or the errno of filelike_atomic, or -1 if only fclose fails. */
static int atomic_error(const char *path, const char *mode)
{
    FILE *stream = filelike_atomic(path, mode, NULL);
    if (stream == NULL)
        return errno;
    EXPECT(fputs("new", stream) >= 0);
    return fclose(stream) == 0 ? 0 : -1;
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

#ifdef HAVE_FILTERS
static FILE *open_here(bool named)
{
    struct filelike_options options = {.dir = "streams"};
    return named ? filelike_named("w+", &options) : filelike_temporary("w+", &options);
}
#endif

/* ---- Sandboxes -----------------------------------------------------------------------
 */

#ifdef HAVE_FILTERS

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

#define REFUSE(number, error)                            \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

static bool filter(struct sock_filter *filter, size_t count)
{
    struct sock_fprog program = {(unsigned short) count, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Profiles that are older than these calls refuse them. A C library with 32 bits has no
 * stat without statx. There statx is not refused: no call has the number NO_CALL. */
static bool refuse_new_calls(void)
{
    const unsigned no_call = UINT_MAX;
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(SYS_renameat2, EPERM),
        REFUSE(sizeof(long) < sizeof(int64_t) ? no_call : SYS_statx, EPERM),
        REFUSE(SYS_faccessat2, EPERM),
        REFUSE(SYS_copy_file_range, EPERM),
        REFUSE(SYS_pwritev2, EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return filter(rules, COUNT(rules));
}

/* As on a filesystem without O_TMPFILE; the flags are the third argument of openat. */
static bool refuse_nameless_files(void)
{
    enum { FLAGS = 2, NAMELESS = O_TMPFILE & ~O_DIRECTORY };
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
            offsetof(struct seccomp_data, args) + FLAGS * sizeof(uint64_t)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMELESS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return filter(rules, COUNT(rules));
}

/* Some sandboxes do not have these calls at all. */
static bool refuse_to_tell_rights(void)
{
#ifdef SYS_setfsuid32
    enum { SETFSUID = SYS_setfsuid32 };
#else
    enum { SETFSUID = SYS_setfsuid };
#endif
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(SETFSUID, ENOSYS),
        REFUSE(SYS_capget, ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return filter(rules, COUNT(rules));
}

static void check_replacing(void)
{
    EXPECT(atomic_error("there/target", "w") == 0 && is("there/target", "new"));
    EXPECT(atomic_error("there/target", "r+") == 0);
    EXPECT(atomic_error("there/target", "a") == 0 && is("there/target", "newnew"));
    EXPECT(persist_error(filelike_memory("w+", NULL), "there/target", 0) == 0);
    EXPECT(persist_error(open_here(true), "there/target", 0) == 0);
    EXPECT(persist_error(open_here(false), "there/target", 0) == 0);
    EXPECT(is("there/target", "new"));
    EXPECT(strcmp(entries("there"), "target") == 0);
}

static void check_new_only(void)
{
    EXPECT(atomic_error("there/1", "wx") == 0 && is("there/1", "new"));
    EXPECT(atomic_error("there/1", "wx") == EEXIST);
    EXPECT(
        persist_error(filelike_memory("w+", NULL), "there/2", FILELIKE_NOREPLACE) == 0);
    EXPECT(persist_error(open_here(true), "there/3", FILELIKE_NOREPLACE) == 0);
    EXPECT(persist_error(open_here(false), "there/4", FILELIKE_NOREPLACE) == 0);
    EXPECT(strcmp(entries("there"), "1 2 3 4 target") == 0);
    EXPECT(strcmp(entries("streams"), "") == 0);
}

static int sandbox(void)
{
    make_file("there/target", "old");
    if (!refuse_new_calls())
        return skip(strerror(errno));
    check_replacing();
    check_new_only();
    return expect_status();
}

static int sandbox_without_nameless_files(void)
{
    make_file("there/target", "old");
    if (!refuse_new_calls() || !refuse_nameless_files())
        return skip(strerror(errno));
    check_replacing();
    check_new_only();
    return expect_status();
}

/* A real refusal is still reported. */
static int sandbox_of_another(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    make_file("there/target", "old");
    EXPECT(become(SOMEBODY));
    if (!refuse_new_calls())
        return skip(strerror(errno));
    EXPECT(atomic_error("there/target", "w") == EACCES);
    EXPECT(is("there/target", "old"));
    return expect_status();
}

/* The real user and the effective user differ. */
static int sandbox_of_two_users(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    make_file("there/target", "old");
    make_file("there/own", "old");
    EXPECT(chown("there/own", SOMEBODY, SOMEBODY) == 0 && chmod("there/own", 0600) == 0);
    EXPECT(setgid(SOMEBODY) == 0 && seteuid(SOMEBODY) == 0);
    EXPECT(atomic_error("there/target", "w") == EACCES);
    if (!refuse_new_calls())
        return skip(strerror(errno));
    EXPECT(atomic_error("there/target", "w") == EACCES);
    EXPECT(atomic_error("there/own", "w") == 0 && is("there/own", "new"));
    return end_untraced(expect_status());
}

/* The kernel still refuses to replace the file of another. */
static int sandbox_that_tells_no_rights(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    make_file("there/own", "old");
    make_file("there/other", "old");
    EXPECT(chown("there/own", SOMEBODY, SOMEBODY) == 0);
    EXPECT(chown("there/other", SOMEBODY_ELSE, SOMEBODY_ELSE) == 0);
    EXPECT(chmod("there/other", 0666) == 0);
    EXPECT(chown("there", SOMEBODY_ELSE, SOMEBODY_ELSE) == 0);
    EXPECT(chmod("there", 01777) == 0);
    EXPECT(become(SOMEBODY));
    if (!refuse_to_tell_rights())
        return skip(strerror(errno));
    EXPECT(atomic_error("there/own", "w") == 0 && is("there/own", "new"));
    EXPECT(persist_error(filelike_memory("w+", NULL), "there/other", 0) == EPERM);
    EXPECT(is("there/other", "old"));
    EXPECT(strcmp(entries("there"), "other own") == 0);
    return expect_status();
}

/* Root may write all files, whatever its real group. */
static int sandbox_of_two_groups(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    make_file("there/target", "old");
    EXPECT(setegid(SOMEBODY) == 0);
    if (!refuse_new_calls())
        return skip(strerror(errno));
    check_replacing();
    return end_untraced(expect_status());
}

#else

static int sandbox(void)
{
    return skip("there are no headers for filters");
}

static int sandbox_without_nameless_files(void)
{
    return sandbox();
}

static int sandbox_of_another(void)
{
    return sandbox();
}

static int sandbox_of_two_users(void)
{
    return sandbox();
}

static int sandbox_of_two_groups(void)
{
    return sandbox();
}

static int sandbox_that_tells_no_rights(void)
{
    return sandbox();
}

#endif

/* ---- Working directories without a path ----------------------------------------------
 */

static void check_here(void)
{
    make_file("target", "old");
    EXPECT(atomic_error("target", "w") == 0 && is("target", "new"));
    EXPECT(atomic_error("./target", "r+") == 0);
    EXPECT(persist_error(filelike_memory("w+", NULL), "target", 0) == 0);
    EXPECT(strcmp(entries("."), "target") == 0);
}

static int unreachable_directory(void)
{
    if (geteuid() != 0)
        return skip("there is only one user");
    EXPECT(mkdir("there/closed", 0700) == 0 && mkdir("there/closed/here", 0777) == 0);
    EXPECT(chmod("there/closed/here", 0777) == 0 && chdir("there/closed/here") == 0);
    EXPECT(become(SOMEBODY));
    check_here();
    return expect_status();
}

static int deep_directory(void)
{
    enum { DEPTH = 2 * PATH_MAX / NAME_MAX };
    char name[NAME_MAX + 1];
    memset(name, 'd', NAME_MAX);
    name[NAME_MAX] = '\0';
    EXPECT(chdir("there") == 0);
    for (int i = 0; i < DEPTH; i++)
        EXPECT(mkdir(name, 0777) == 0 && chdir(name) == 0);
    check_here();
    EXPECT(unlink("target") == 0);
    for (int i = 0; i < DEPTH; i++)
        EXPECT(chdir("..") == 0 && rmdir(name) == 0);
    return expect_status();
}

/* As fopen does. */
static void check_gone(const char *path)
{
    FILE *file = fopen(path, "we");
    int expected = file == NULL ? errno : 0;
    if (file != NULL)
        EXPECT(fclose(file) == 0);
    EXPECT(atomic_error(path, "w") == expected);
    EXPECT(persist_error(filelike_memory("w+", NULL), path, 0) == expected);
}

static int removed_directory(void)
{
    EXPECT(mkdir("there/gone", 0777) == 0 && chdir("there/gone") == 0);
    EXPECT(rmdir("../gone") == 0);
    check_gone("target");
    check_gone("./target");
    check_gone("../target");
    return expect_status();
}

/* ---- No memory files that can be executed --------------------------------------------
 *
 * vm.memfd_noexec at 2, in a PID namespace of the test's own.
 */

static const char noexec[] = "/proc/sys/vm/memfd_noexec";

static bool forbid_executable(void)
{
    FILE *rule = fopen(noexec, "we");
    return rule != NULL && fputs("2", rule) >= 0 && fclose(rule) == 0;
}

static void check_memory_file(FILE *stream)
{
    if (EXPECT(stream != NULL)) {
        EXPECT(fputs("new", stream) >= 0 && filelike_fileno(stream) != -1);
        EXPECT(filelike_in_memory(stream) == 1);
        EXPECT(fclose(stream) == 0);
    }
}

static int check_memory_files(void *context)
{
    struct filelike_options options = {.flags = FILELIKE_IN_MEMORY};
    (void) context;
    if (getpid() != 1 || !forbid_executable())
        return SKIPPED;
    check_memory_file(filelike_temporary("w+", &options));
    check_memory_file(filelike_memory("w+", NULL));
    check_memory_file(filelike_fopen("memory:", "w+"));
    options.permissions = S_IRWXU;
    errno = 0;
    EXPECT(filelike_temporary("w+", &options) == NULL && errno == EACCES);
    return expect_status();
}

static int no_executable_files(void)
{
    if (access(noexec, W_OK) != 0 || unshare(CLONE_NEWPID) != 0)
        return skip("this kernel or user has no vm.memfd_noexec of a namespace's own");
    int status = in_child(check_memory_files, NULL);
    return end_untraced(
        status == SKIPPED ? skip("vm.memfd_noexec cannot be set here") : status);
}

/* ---- One after the other -------------------------------------------------------------
 */

static const struct scenario {
    const char *name;
    int (*run)(void);
} scenarios[] = {
    {"sandbox", sandbox},
    {"sandbox without nameless files", sandbox_without_nameless_files},
    {"sandbox, file of another", sandbox_of_another},
    {"sandbox, two users", sandbox_of_two_users},
    {"sandbox, two groups", sandbox_of_two_groups},
    {"sandbox, no rights told", sandbox_that_tells_no_rights},
    {"unreachable working directory", unreachable_directory},
    {"deep working directory", deep_directory},
    {"removed working directory", removed_directory},
    {"no memory files that can be executed", no_executable_files},
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
