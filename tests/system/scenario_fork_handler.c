/* fork in a signal handler of a program with one thread: whatever the handler interrupts,
 * neither fork nor what the child then does hangs or crashes, and the parent does not
 * notice.
 *
 * usage: scenario_fork_handler [SECONDS] */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "sanitized.h"
#include "scratch.h"

#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { USUAL_SECONDS = 2, CHILD_SECONDS = 30 };

/* ---- Forking -------------------------------------------------------------------------
 */

static volatile sig_atomic_t is_child;
static volatile sig_atomic_t is_in_memory; /* all that is being worked on */
static unsigned forks;
static unsigned hung;
static unsigned ended_badly;

/* The timer fires once, within PERIOD microseconds. A periodic timer would fire again
 * before the handler ends. */
static void set_timer(void)
{
    enum { PERIOD = 300, SHORTEST = 20 };
    static unsigned state;
    state = (state + 101) % (PERIOD - SHORTEST);
    struct itimerval timer = {.it_value.tv_usec = SHORTEST + (suseconds_t) state};
    (void) setitimer(ITIMER_REAL, &timer, NULL);
}

static void wait_for(pid_t child)
{
    int status = 0;
    forks++;
    if (child == -1 || waitpid(child, &status, 0) != child)
        ended_badly++;
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        hung++;
    else if (status != 0)
        ended_badly++;
}

/* A process that hangs is killed. */
static void limit_child(void)
{
    sigset_t none;
    (void) sigemptyset(&none);
    (void) signal(SIGALRM, SIG_DFL);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) alarm(CHILD_SECONDS);
}

/* Only with several threads does glibc's fork renew the lock of its list of streams.
 * Otherwise exit hangs if the handler has interrupted fopen or fclose between taking
 * that lock and noting its owner. */
static void (*renew_list_lock)(void);

static _Noreturn void exit_here(void)
{
    if (renew_list_lock != NULL)
        renew_list_lock();
    exit(EXIT_SUCCESS);
}

/* A child ends by _exit, ends by exit, or goes on with its parent's work. It does not go
 * on with streams on a descriptor, because it would move the parent's position. */
static void fork_here(void)
{
    pid_t child = fork();
    if (child == 0) {
        expect_failures = 0;
        limit_child();
        filelike_cleanup();
        if (forks % 3 == 0)
            _exit(EXIT_SUCCESS);
        if (forks % 3 == 1 || !is_in_memory)
            exit_here();
        is_child = true;
    } else {
        wait_for(child);
    }
}

static void handle_alarm(int number)
{
    int saved = errno;
    (void) number;
    fork_here();
    if (!is_child)
        set_timer();
    errno = saved;
}

/* ---- Streams that are there all the time ---------------------------------------------
 */

enum { BLOCK = 20000, LINES = 20000 };

static char block[BLOCK];
static FILE *kept[4];
static FILE *lines; /* with a descriptor, whose offset the children share */
static filelike_budget *budget;

/* HOW is SIG_BLOCK while bytes are pending in a stream with a descriptor: a child would
 * write them a second time. */
static void mask_alarm(int how)
{
    sigset_t signals;
    (void) sigemptyset(&signals);
    (void) sigaddset(&signals, SIGALRM);
    (void) sigprocmask(how, &signals, NULL);
}

static void open_kept(void)
{
    mask_alarm(SIG_BLOCK);
    budget = filelike_budget_new(3 * BLOCK);
    kept[0] = filelike_memory("w+", NULL);
    kept[1] = filelike_spooled("w+", NULL);
    kept[2] = filelike_named("w+", NULL);
    kept[3] = filelike_atomic("kept", "w+", NULL);
    lines = filelike_named("w+", NULL);
    for (size_t i = 0; i < COUNT(kept); i++)
        EXPECT(kept[i] != NULL);
    for (unsigned i = 0; i < LINES; i++)
        EXPECT(fprintf(lines, "%u\n", i) > 0);
    rewind(lines);
    mask_alarm(SIG_UNBLOCK);
}

static void close_kept(void)
{
    EXPECT(access(filelike_path(kept[2]), F_OK) == 0);
    EXPECT(access("kept", F_OK) != 0);
    for (size_t i = 0; i < COUNT(kept); i++)
        EXPECT(fclose(kept[i]) == 0);
    EXPECT(access("kept", F_OK) == 0);
    EXPECT(fclose(lines) == 0);
    EXPECT(filelike_budget_used(budget) == 0);
    filelike_budget_free(budget);
}

/* ---- What is interrupted -------------------------------------------------------------
 */

static unsigned turn;
static unsigned work_round; /* of all works */

static FILE *open_one(void)
{
    struct filelike_options small = {.memory_limit = BLOCK / 4};
    struct filelike_options frugal = {.budget = budget};
    struct filelike_options watched = {.size_limit = INT64_MAX};
    struct filelike_options hasty = {.flags = FILELIKE_NOSYNC};
    switch (work_round % 8) {
    case 0:
        return filelike_memory("w+", NULL);
    case 1:
        return filelike_spooled("w+", &small);
    case 2:
        return filelike_spooled("w+", &frugal);
    case 3:
        return filelike_named("w+", NULL);
    case 4:
        return filelike_temporary("w+", &watched);
    case 5:
        return filelike_temporary("w+", NULL);
    case 6:
        return filelike_atomic("target", "w+", &hasty);
    default:
        return filelike_fopen("memory:name", "a+");
    }
}

/* A child cannot use its parent's atomic stream. */
static void close_one(FILE *stream)
{
    EXPECT(fclose(stream) == 0 || (is_child && errno == ECHILD));
}

/* A child's writes to its parent's atomic stream are not stored. */
static bool reads(FILE *stream, off_t position)
{
    bool read = fseeko(stream, position, SEEK_SET) == 0 && getc(stream) == 'x';
    return fseeko(stream, 0, SEEK_END) == 0 && (read || is_child);
}

static void write_and_read(void)
{
    is_in_memory = work_round % 8 == 0;
    FILE *stream = open_one();
    if (!EXPECT(stream != NULL))
        return;
    for (unsigned i = 0; i < 8 && !is_child; i++) {
        EXPECT(fwrite(block, 1, BLOCK / (1 + i), stream) == BLOCK / (1 + i));
        if (i % 3 == 2)
            EXPECT(reads(stream, i));
    }
    close_one(stream);
}

static void grow_and_shrink(void)
{
    size_t number = work_round % COUNT(kept);
    FILE *stream = kept[number];
    is_in_memory = number == 0;
    int64_t size = (int64_t) work_round * 7919 % (16 * BLOCK);
    int status = filelike_truncate(stream, size);
    EXPECT(status == 0 || (is_child && errno == ECHILD));
    EXPECT(fseeko(stream, 0, SEEK_SET) == 0 && putc('x', stream) == 'x');
    EXPECT(is_child || (fflush(stream) == 0 && filelike_size(stream) >= 1));
}

static void use_bytes(void)
{
    is_in_memory = true;
    FILE *stream = filelike_memory("w+", NULL);
    EXPECT(fwrite(block, 1, BLOCK, stream) == BLOCK);
    FILE *second = filelike_reopen(stream, "r");
    EXPECT(second != NULL && getc(second) == 'x' && fclose(second) == 0);
    EXPECT(filelike_view(stream, NULL) != NULL);
    EXPECT(filelike_persist(stream, "copy", FILELIKE_NOSYNC) == 0 || is_child);
    free(filelike_detach(stream, NULL));
    close_one(stream);
    (void) filelike_remove("memory:name");
}

/* Each line follows the one before it, so no child has moved the position. */
static void read_lines(void)
{
    static unsigned expected;
    is_in_memory = false;
    for (unsigned i = 0; i < 100 && !is_child; i++) {
        unsigned number = LINES;
        EXPECT(fscanf(lines, "%u", &number) == 1 && number == expected);
        expected = (number + 1) % LINES;
        if (expected == 0)
            rewind(lines);
    }
}

static void (*const works[])(void) = {
    write_and_read, grow_and_shrink, use_bytes, read_lines};

/* ---- A native stream, before there is any other --------------------------------------
 */

/* Once a lock has been needed, each later call may take it. So this runs before there is
 * any other stream. */
static void use_native_stream(time_t end)
{
    mask_alarm(SIG_BLOCK);
    FILE *stream = filelike_temporary("w+", NULL);
    EXPECT(stream != NULL && fputs("0123", stream) >= 0 && fflush(stream) == 0);
    mask_alarm(SIG_UNBLOCK);
    while (time(NULL) < end)
        EXPECT(filelike_size(stream) == 4);
    EXPECT(fclose(stream) == 0);
}

/* ---- All -----------------------------------------------------------------------------
 */

/* A child goes on in the middle of the parent's work, and then uses what it has. */
static void end_child(void)
{
    for (size_t i = 0; i < COUNT(kept) - 1; i++) {
        EXPECT(fputs("child", kept[i]) >= 0);
        close_one(kept[i]);
    }
    exit(expect_status());
}

static void work_until(time_t end)
{
    for (turn = 0; time(NULL) < end; turn++) {
        work_round = turn / COUNT(works);
        works[turn % COUNT(works)]();
        if (is_child)
            end_child();
        /* A sanitizer's malloc takes locks at fork, so a handler may not fork. */
        if (SANITIZED)
            fork_here();
    }
}

/* gcov, which measures coverage, allocates at exit. A child that interrupted malloc dies
 * of that. */
#ifdef COVERAGE_H
enum { EXIT_MAY_ALLOCATE = true };
#else
enum { EXIT_MAY_ALLOCATE = false };
#endif

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = handle_alarm};
    int seconds = argc > 1 ? atoi(argv[1]) : USUAL_SECONDS;
    expect_subject = "fork in a handler";
    memset(block, 'x', sizeof block);
    *(void **) &renew_list_lock = dlsym(RTLD_DEFAULT, "_IO_list_resetlock");
    scratch_enter();
    if (!SANITIZED) {
        EXPECT(sigaction(SIGALRM, &action, NULL) == 0);
        set_timer();
    }
    use_native_stream(time(NULL) + 1);
    open_kept();
    work_until(time(NULL) + seconds);
    (void) signal(SIGALRM, SIG_IGN);
    /* The last fork may come after the last piece of work. */
    if (is_child)
        end_child();
    close_kept();
    EXPECT(forks > 0 && hung == 0 && (ended_badly == 0 || EXIT_MAY_ALLOCATE));
    (void) printf(
        "%u forks, %u turns, %u hung, %u ended badly\n", forks, turn, hung, ended_badly);
    scratch_leave();
    return expect_status();
}
