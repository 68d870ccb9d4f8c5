/* A process makes a file and ends, in each way that the library has. Each of its system
 * calls is refused in turn, whether the library or the C library makes it. The only name
 * that stays is the target's, with the old content or the new one. The kernel asks this
 * process about each call (seccomp_unotify(2)). Exit status 77 if it cannot. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "sanitized.h"
#include "scratch.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#if defined __has_include
#if __has_include(<linux/filter.h>) && __has_include(<linux/seccomp.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#if defined SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define HAVE_NOTIFICATIONS
#endif
#endif
#endif

static const char what[] = "system calls refused in turn";

#ifdef HAVE_NOTIFICATIONS

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same for all processors */
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What the process does -----------------------------------------------------------
 *
 * The result is whether it worked.
 */

static bool is_closed(FILE *stream)
{
    return stream != NULL && fputs("new", stream) >= 0 && fclose(stream) == 0;
}

static bool is_persisted(FILE *stream, unsigned flags)
{
    return stream != NULL && fputs("new", stream) >= 0 &&
           filelike_persist(stream, "target", flags | FILELIKE_NOSYNC) == 0 &&
           fclose(stream) == 0;
}

static const struct filelike_options here = {.dir = ".", .flags = FILELIKE_NOSYNC};
static const struct filelike_options watched = {.permissions = 0640};
static const struct filelike_options kept_new = {
    .flags = FILELIKE_NOREPLACE | FILELIKE_NOSYNC};

static bool temporary(void)
{
    return is_closed(filelike_temporary("w", NULL));
}

static bool temporary_watched(void)
{
    return is_closed(filelike_temporary("w", &watched));
}

static bool temporary_here(void)
{
    return is_closed(filelike_temporary("w", &here));
}

static bool named(void)
{
    return is_closed(filelike_named("w", NULL));
}

static bool named_here(void)
{
    return is_closed(filelike_named("w", &here));
}

static bool named_watched(void)
{
    return is_closed(filelike_named("w", &watched));
}

/* getppid ends the refusals, because the process makes it nowhere else. All later calls
 * succeed: if the cleanup at the end of the process fails, nobody can remove a name. */
enum { LAST_REFUSED = SYS_getppid };

static bool is_open(const FILE *stream)
{
    (void) syscall(LAST_REFUSED);
    return stream != NULL;
}

static bool named_until_the_end(void)
{
    return is_open(filelike_named("w", NULL));
}

static bool spooled(void)
{
    FILE *stream = filelike_spooled("w", &here);
    return stream != NULL && filelike_rollover(stream) == 0 && is_closed(stream);
}

static bool atomic(void)
{
    return is_closed(filelike_atomic("target", "w", &here));
}

static bool atomic_from_the_old(void)
{
    return is_closed(filelike_atomic("target", "a", &here));
}

static bool atomic_until_the_end(void)
{
    return is_open(filelike_atomic("target", "w", &here));
}

static bool atomic_new(void)
{
    return is_closed(filelike_atomic("target", "w", &kept_new));
}

static bool persisted_memory(void)
{
    return is_persisted(filelike_memory("w+", NULL), 0);
}

static bool persisted_named(void)
{
    return is_persisted(filelike_named("w+", &here), 0);
}

static bool persisted_temporary(void)
{
    return is_persisted(filelike_temporary("w+", &here), 0);
}

static bool persisted_new(void)
{
    return is_persisted(filelike_named("w+", &here), FILELIKE_NOREPLACE);
}

static const struct way {
    const char *name;
    bool (*go)(void);
    const char *old; /* in the target; NULL: it is not there */
} ways[] = {
    {"temporary", temporary, NULL},
    {"temporary, watched", temporary_watched, NULL},
    {"temporary, in a relative directory", temporary_here, NULL},
    {"named", named, NULL},
    {"named, in a relative directory", named_here, NULL},
    {"named, with permissions", named_watched, NULL},
    {"named, open at the end", named_until_the_end, NULL},
    {"spooled", spooled, NULL},
    {"atomic", atomic, "old"},
    {"atomic, where nothing was", atomic, NULL},
    {"atomic, from the old content", atomic_from_the_old, "old"},
    {"atomic, open at the end", atomic_until_the_end, "old"},
    {"atomic, replacing nothing", atomic_new, NULL},
    {"persisted from memory", persisted_memory, "old"},
    {"persisted, named", persisted_named, "old"},
    {"persisted, temporary", persisted_temporary, "old"},
    {"persisted, replacing nothing", persisted_new, NULL},
};

/* ---- The process ---------------------------------------------------------------------
 */

/* The kernel asks about all calls except the one that ends the process. A descriptor, or
 * -1 with errno. */
static int ask_about_all(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {COUNT(rules), rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int) syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* The parent expects the listener at the next free descriptor, LISTENER. */
static void be_asked_about(const struct way *way, int listener)
{
    if (ask_about_all() != listener)
        _exit(SKIPPED);
    exit(way->go() ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- Answers -------------------------------------------------------------------------
 */

enum { PATIENCE_MILLISECONDS = 20000 };

struct refusal {
    bool no_nameless; /* no O_TMPFILE either */
    size_t number;    /* of the call; 0: none */
    int error;
    size_t calls; /* that could be refused so far */
    bool is_over; /* no more calls are refused */
    int refused;  /* the system call's number */
};

static bool is_nameless(const struct seccomp_data *call)
{
    return call->nr == SYS_openat && (call->args[2] & O_TMPFILE) == O_TMPFILE;
}

/* The errno, or 0. */
static int error_for(struct refusal *refusal, const struct seccomp_data *call)
{
    refusal->is_over = refusal->is_over || call->nr == LAST_REFUSED;
    if (!refusal->is_over && ++refusal->calls == refusal->number) {
        refusal->refused = call->nr;
        return refusal->error;
    }
    return refusal->no_nameless && is_nameless(call) ? EOPNOTSUPP : 0;
}

static void answer(int listener, struct refusal *refusal)
{
    struct seccomp_notif call = {0};
    struct seccomp_notif_resp response = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
        return;
    response.id = call.id;
    response.error = -error_for(refusal, &call.data);
    if (response.error == 0)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    (void) ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Until the process has ended. */
static bool answer_all(int listener, struct refusal *refusal)
{
    struct pollfd next = {.fd = listener, .events = POLLIN};
    while (poll(&next, 1, PATIENCE_MILLISECONDS) == 1) {
        if ((next.revents & POLLIN) == 0)
            return true;
        answer(listener, refusal);
    }
    return false;
}

/* The descriptor of CHILD with this NUMBER, as soon as it is open. -1 if it does not
 * come. */
static int fetch_listener(pid_t child, int number)
{
    enum { PAUSE_MICROSECONDS = 100, TRIES = 50000 };
    int process = (int) syscall(SYS_pidfd_open, child, 0);
    int listener = -1;
    for (int i = 0; i < TRIES && listener == -1 && process != -1; i++) {
        listener = (int) syscall(SYS_pidfd_getfd, process, number, 0);
        siginfo_t ended = {0};
        (void) waitid(P_PID, (id_t) child, &ended, WEXITED | WNOHANG | WNOWAIT);
        if (listener == -1 && (errno != EBADF || ended.si_pid != 0))
            break;
        (void) usleep(PAUSE_MICROSECONDS);
    }
    (void) close(process);
    return listener;
}

static int next_descriptor(void)
{
    int next = dup(STDIN_FILENO);
    (void) close(next);
    return next;
}

/* Runs a process in this WAY. Its exit status, or SKIPPED if the kernel cannot ask about
 * it. */
static int go(const struct way *way, struct refusal *refusal)
{
    int status = 0;
    int number = next_descriptor();
    pid_t child = fork();
    if (child == 0)
        be_asked_about(way, number);
    int listener = fetch_listener(child, number);
    bool has_ended = listener != -1 && answer_all(listener, refusal);
    (void) close(listener);
    if (!has_ended)
        (void) kill(child, SIGKILL);
    EXPECT(waitpid(child, &status, 0) == child);
    if (listener == -1)
        return SKIPPED;
    EXPECT(has_ended && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- Each call in turn ---------------------------------------------------------------
 */

static bool is(const char *text, const char *expected)
{
    return text == NULL || expected == NULL ? text == expected
                                            : strcmp(text, expected) == 0;
}

static void prepare(const struct way *way)
{
    (void) unlink("target");
    if (way->old != NULL)
        make_file("target", way->old);
}

/* Mode "a" keeps the old content before the new bytes. */
static bool is_old_or_new(const struct way *way)
{
    const char *found = content("target");
    return is(found, way->old) || is(found, "new") ||
           (way->go == atomic_from_the_old && is(found, "oldnew"));
}

/* NAMES have no spaces. */
static void remove_entries(const char *names)
{
    char *rest = strdup(names);
    for (char *name = strtok(rest, " "); name != NULL; name = strtok(NULL, " "))
        EXPECT(unlink(name) == 0);
    free(rest);
}

static void check_names(const struct way *way, const struct refusal *refusal)
{
    int failures = expect_failures;
    EXPECT(is_old_or_new(way));
    (void) unlink("target");
    const char *names = entries(".");
    EXPECT(names[0] == '\0');
    if (expect_failures == failures)
        return;
    (void) fprintf(stderr, "... call %zu, with the number %d, was error %d%s; here: %s\n",
        refusal->number, refusal->refused, refusal->error,
        refusal->no_nameless ? ", no O_TMPFILE" : "", names);
    remove_entries(names);
}

/* Whether there is a call with this NUMBER. */
static bool refuse_one(const struct way *way, struct refusal refusal)
{
    prepare(way);
    int status = go(way, &refusal);
    check_names(way, &refusal);
    bool was_refused = refusal.calls >= refusal.number;
    EXPECT(was_refused || status == EXIT_SUCCESS);
    return was_refused;
}

static void refuse_each(const struct way *way, int error, bool no_nameless)
{
    struct refusal refusal = {.no_nameless = no_nameless, .number = 1, .error = error};
    while (refuse_one(way, refusal))
        refusal.number++;
}

static bool can_be_asked(const struct way *way)
{
    struct refusal none = {.number = 0};
    prepare(way);
    return go(way, &none) != SKIPPED;
}

static int check_all(void)
{
    static const int errors[] = {EIO, EPERM};
    for (size_t i = 0; i < COUNT(ways); i++) {
        expect_subject = ways[i].name;
        for (size_t j = 0; j < COUNT(errors); j++) {
            refuse_each(&ways[i], errors[j], false);
            refuse_each(&ways[i], errors[j], true);
        }
    }
    return expect_status();
}

int main(void)
{
    scratch_enter();
    int status = SKIPPED;
    if (SANITIZED)
        say_skipped(what, "sanitizers do not take that");
    else if (can_be_asked(&ways[0]))
        status = check_all();
    else
        say_skipped(what, "the kernel does not ask about them");
    scratch_leave();
    return status;
}

#else

int main(void)
{
    say_skipped(what, "there are no headers for filters");
    return SKIPPED;
}

#endif
