/* A child neither publishes nor removes files of its parent, however it was made: by
 * fork, by _Fork or clone, which run no handlers of pthread_atfork, or with the same
 * process number in a PID namespace of its own. Each is tried with and without a kernel
 * that wipes a page in children. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "scratch.h"

#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- A kernel that wipes no page -----------------------------------------------------
 */

/* The last one is an emulator that takes any advice. */
static enum { WIPES_PAGES, WIPES_NO_PAGE, IGNORES_ADVICE } kernel;

int madvise(void *place, size_t size, int advice)
{
    enum { NOT_ADVICE = -1 };
    if (kernel == IGNORES_ADVICE)
        return 0;
    if (kernel == WIPES_NO_PAGE && advice != NOT_ADVICE) {
        errno = EINVAL;
        return -1;
    }
    return (int) syscall(SYS_madvise, place, size, advice);
}

/* ---- Ways to a child -----------------------------------------------------------------
 */

/* glibc has _Fork since 2.34. */
static pid_t by__Fork(void)
{
    pid_t (*found)(void);
    *(void **) &found = dlsym(RTLD_DEFAULT, "_Fork");
    return found != NULL ? found() : fork();
}

/* The C library does not know that this system call forks. */
static pid_t clone_with(unsigned long flags)
{
    return (pid_t) syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t by_clone(void)
{
    return clone_with(0);
}

static pid_t in_namespace(void)
{
    return clone_with(CLONE_NEWPID);
}

static pid_t (*make_child)(void);

static int wait_for(pid_t child)
{
    int status = 0;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* ---- What a child does ---------------------------------------------------------------
 */

enum { SIZE = 3 };

static struct {
    FILE *memory;
    FILE *temporary; /* watched */
    FILE *named;
    FILE *atomic;
    FILE *lossy;  /* atomic, and has lost a write */
    FILE *reader; /* of a named file, with more to read */
    char *path;   /* of NAMED */
} streams;

static void open_streams(void)
{
    struct filelike_options watched = {.size_limit = 1000};
    struct filelike_options tiny = {.size_limit = 1};
    streams.memory = filelike_memory("w+", NULL);
    streams.temporary = filelike_temporary("w+", &watched);
    streams.named = filelike_named("w+", NULL);
    streams.atomic = filelike_atomic("target", "w+", NULL);
    streams.lossy = filelike_atomic("lossy", "w", &tiny);
    streams.reader = filelike_named("w+", NULL);
    EXPECT(putc('1', streams.lossy) == '1' && putc('2', streams.lossy) == '2');
    EXPECT_FAILS(fflush(streams.lossy), EOF, EFBIG);
    EXPECT(fputs("temporary", streams.temporary) >= 0 && fflush(streams.temporary) == 0);
    EXPECT(fputs("named", streams.named) >= 0);
    EXPECT(fputs("1\n2\n3\n", streams.reader) >= 0);
    rewind(streams.reader);
    EXPECT(getc(streams.reader) == '1' && fflush(streams.named) == 0);
    EXPECT(fputs("1 2", streams.atomic) >= 0 && fflush(streams.atomic) == 0);
    EXPECT(fputs(" pending", streams.atomic) >= 0);
    streams.path = strdup(filelike_path(streams.named));
}

static void use_atomic(void)
{
    char bytes[SIZE + 1] = "";
    EXPECT(fseeko(streams.atomic, 0, SEEK_SET) == 0);
    EXPECT(
        fgets(bytes, sizeof bytes, streams.atomic) != NULL && strcmp(bytes, "1 2") == 0);
    EXPECT(fseeko(streams.atomic, 0, SEEK_END) == 0);
    EXPECT(fputs("child", streams.atomic) >= 0 && fflush(streams.atomic) == 0);
    EXPECT_FAILS(filelike_truncate(streams.atomic, 0), -1, ECHILD);
    EXPECT_FAILS(filelike_detach(streams.atomic, NULL), NULL, ECHILD);
    EXPECT_FAILS(filelike_persist(streams.atomic, "snapshot", 0), -1, ECHILD);
    EXPECT_FAILS(filelike_discard(streams.atomic), -1, ECHILD);
    EXPECT(filelike_size(streams.atomic) == SIZE);
    FILE *second = filelike_reopen(streams.atomic, "r");
    EXPECT(second != NULL && getc(second) == '1' && fclose(second) == 0);
    EXPECT_FAILS(fclose(streams.atomic), EOF, ECHILD);
    EXPECT_FAILS(fclose(streams.lossy), EOF, ECHILD);
}

/* The child has a copy of the bytes, so the parent's writes do not change it. */
static void persist_copies(void)
{
    EXPECT(filelike_persist(streams.named, "copy of named", 0) == 0);
    EXPECT(filelike_persist(streams.temporary, "copy of temporary", 0) == 0);
    EXPECT(strcmp(filelike_path(streams.named), streams.path) == 0);
}

static void use_own(void)
{
    FILE *named = filelike_named("w", NULL);
    FILE *atomic = filelike_atomic("child's", "w", NULL);
    FILE *temporary = filelike_temporary("w+", NULL);
    EXPECT(named != NULL && atomic != NULL && temporary != NULL);
    EXPECT(fputs("child", atomic) >= 0 && fclose(atomic) == 0);
    EXPECT(filelike_persist(temporary, "given away", 0) == 0);
    EXPECT(fputs("after", temporary) >= 0 && fclose(temporary) == 0);
    EXPECT(strcmp(content("given away"), "after") == 0);
    EXPECT(unlink("given away") == 0);
}

static void use_all(void)
{
    use_atomic();
    persist_copies();
    filelike_cleanup();
    EXPECT(access(streams.path, F_OK) == 0);
    EXPECT(fputs("child", streams.memory) >= 0 && fclose(streams.memory) == 0);
    EXPECT(fclose(streams.named) == 0 && fclose(streams.temporary) == 0);
    EXPECT(access(streams.path, F_OK) == 0);
    use_own();
}

static void use_nothing(void)
{
}

/* A daemon closes all descriptors. */
static void use_closed(void)
{
    enum { MOST_DESCRIPTORS = 256 };
    for (int i = STDERR_FILENO + 1; i < MOST_DESCRIPTORS; i++)
        (void) close(i);
    EXPECT_FAILS(getc(streams.atomic), EOF, EBADF);
    EXPECT_FAILS(fclose(streams.atomic), EOF, ECHILD);
}

static int run_child(void (*body)(void))
{
    pid_t child = make_child();
    if (child == 0) {
        expect_failures = 0;
        body();
        exit(expect_status());
    }
    return wait_for(child);
}

/* ---- What the parent finds -----------------------------------------------------------
 */

static void check_streams(void)
{
    EXPECT(access(streams.path, F_OK) == 0 && access("target", F_OK) != 0);
    EXPECT(getc(streams.reader) == '\n' && getc(streams.reader) == '2');
    EXPECT(fputs(" parent", streams.atomic) >= 0 && fclose(streams.atomic) == 0);
    EXPECT(strcmp(content("target"), "1 2 pending parent") == 0);
    EXPECT_FAILS(fclose(streams.lossy), EOF, EFBIG);
    EXPECT(access("lossy", F_OK) != 0);
    EXPECT(fputs(", parent", streams.named) >= 0 && fflush(streams.named) == 0);
    EXPECT(strcmp(content(streams.path), "named, parent") == 0);
    EXPECT(filelike_size(streams.temporary) == sizeof "temporary" - 1);
    EXPECT(filelike_size(streams.memory) == 0 && fclose(streams.memory) == 0);
    EXPECT(fclose(streams.temporary) == 0 && fclose(streams.reader) == 0);
    EXPECT(fclose(streams.named) == 0 && access(streams.path, F_OK) != 0);
    EXPECT(unlink("target") == 0);
    free(streams.path);
}

static void check_copies(void)
{
    EXPECT(strcmp(content("copy of named"), "named") == 0);
    EXPECT(strcmp(content("copy of temporary"), "temporary") == 0);
    EXPECT(strcmp(content("child's"), "child") == 0);
    EXPECT(unlink("copy of named") == 0 && unlink("copy of temporary") == 0);
    EXPECT(unlink("child's") == 0);
}

/* Children of children, too. */
static void have_children(void)
{
    open_streams();
    EXPECT(run_child(use_nothing) == EXIT_SUCCESS);
    EXPECT(run_child(use_closed) == EXIT_SUCCESS);
    EXPECT(run_child(use_all) == EXIT_SUCCESS);
    check_streams();
    check_copies();
    EXPECT(strcmp(entries("."), "") == 0);
}

static int have_descendants(void *context)
{
    (void) context;
    have_children();
    EXPECT(run_child(have_children) == EXIT_SUCCESS);
    have_children();
    return expect_status();
}

/* ---- All -----------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    pid_t (*make)(void);
} ways[] = {{"fork", fork}, {"_Fork", by__Fork}, {"clone", by_clone}};

static void run_ways(void)
{
    for (size_t i = 0; i < COUNT(ways); i++) {
        expect_subject = ways[i].name;
        make_child = ways[i].make;
        EXPECT(in_child(have_descendants, NULL) == EXIT_SUCCESS);
    }
}

static int become_first(void *context)
{
    make_child = in_namespace;
    pid_t child = in_namespace();
    if (child == -1)
        return SKIPPED;
    if (child == 0) {
        EXPECT(getpid() == 1);
        exit(have_descendants(context));
    }
    return wait_for(child);
}

int main(void)
{
    scratch_enter();
    run_ways();
    expect_subject = "process 1 of a PID namespace in another";
    int status = in_child(become_first, NULL);
    if (status == SKIPPED)
        say_skipped(expect_subject, strerror(errno));
    else
        EXPECT(status == EXIT_SUCCESS);
    kernel = WIPES_NO_PAGE;
    run_ways();
    kernel = IGNORES_ADVICE;
    run_ways();
    scratch_leave();
    return expect_status();
}
