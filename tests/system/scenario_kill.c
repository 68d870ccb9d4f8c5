/* A program that replaces a file is killed, at random moments and before each of its
 * steps. The file is always one complete version, also to a reader in a loop. Only
 * hidden names lie beside it. */
#include <config.h>

#include "expect.h"
#include "faults.h"
#include "filelike.h"
#include "scratch.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Versions of the file ------------------------------------------------------------
 *
 * Version N is a number of lines that say N, and a last line. Some versions are larger
 * than stdio's buffer.
 */

static int lines_of(int version)
{
    return 1 + version * 97 % 5000;
}

static bool write_version(FILE *stream, int version)
{
    for (int i = 0; i < lines_of(version); i++) {
        if (fprintf(stream, "version %d\n", version) < 0)
            return false;
    }
    return fputs("end\n", stream) >= 0;
}

static bool read_lines(FILE *file, int version)
{
    int line = version;
    int count = 1; /* the first one has been read */
    while (count < lines_of(version) && line == version &&
           fscanf(file, "version %d\n", &line) == 1)
        count++;
    char end[8] = "";
    return count == lines_of(version) && line == version &&
           fgets(end, sizeof end, file) != NULL && strcmp(end, "end\n") == 0 &&
           getc(file) == EOF;
}

/* The version of the target, or -1 if it is no complete version. */
static int read_version(void)
{
    int version = -1;
    FILE *file = fopen("target", "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "version %d\n", &version) == 1 && !read_lines(file, version))
        version = -1;
    (void) fclose(file);
    return version;
}

static bool replace(int version)
{
    FILE *stream = filelike_atomic("target", "w", NULL);
    return stream != NULL && write_version(stream, version) && fclose(stream) == 0;
}

/* Every entry but these two has a hidden name of ours. */
static void check_entries(void)
{
    char *name;
    char *names = strdup(entries("."));
    for (char *rest = names; (name = strtok_r(rest, " ", &rest)) != NULL;) {
        if (strcmp(name, "streams") != 0 && strcmp(name, "target") != 0) {
            EXPECT(strncmp(name, ".filelike-", strlen(".filelike-")) == 0);
            EXPECT(unlink(name) == 0);
        }
    }
    free(names);
}

/* ---- At random moments ---------------------------------------------------------------
 */

static void nap(unsigned seed)
{
    enum { MOST_NANOSECONDS = 3000000, SCATTER = 611953 };
    struct timespec moment = {0, (long) seed * SCATTER % MOST_NANOSECONDS};
    (void) nanosleep(&moment, NULL);
}

static pid_t start(void (*run)(int), int argument)
{
    pid_t child = fork();
    if (child == 0) {
        run(argument);
        _exit(EXIT_FAILURE);
    }
    return child;
}

/* Writes one version after another, starting with this one. */
static void replace_for_ever(int version)
{
    while (replace(version))
        version++;
}

static volatile sig_atomic_t told_to_stop;

static void stop(int signal)
{
    (void) signal;
    told_to_stop = 1;
}

/* Reads until a signal stops it. The number of the version never decreases. */
static void read_all_the_time(int version)
{
    (void) signal(SIGTERM, stop);
    while (!told_to_stop) {
        int read = read_version();
        if (!EXPECT(read >= version))
            _exit(EXIT_FAILURE);
        version = read;
    }
    _exit(EXIT_SUCCESS);
}

enum { ROUNDS = 400, MOST_NAPS = 10000 };

/* In the last round the child has time to replace the file, however slow the machine. */
static void wait_for_moment(unsigned round, int version)
{
    nap(round);
    for (unsigned i = 0; round == ROUNDS - 1 && i < MOST_NAPS; i++) {
        if (read_version() > version)
            break;
        nap(round);
    }
}

static void kill_and_check(unsigned round)
{
    int before = read_version();
    faults.tmpfile = round % 2 == 0 ? 0 : EOPNOTSUPP;
    pid_t child = start(replace_for_ever, before + 1);
    wait_for_moment(round, before);
    EXPECT(kill(child, SIGKILL) == 0);
    int status;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFSIGNALED(status));
    EXPECT(read_version() >= before);
}

static void kill_at_random_moments(void)
{
    int status;
    expect_subject = "killed at random moments";
    faults = (struct faults){0};
    EXPECT(replace(1));
    pid_t reader = start(read_all_the_time, 1);
    for (unsigned round = 0; round < ROUNDS; round++)
        kill_and_check(round);
    EXPECT(kill(reader, SIGTERM) == 0);
    EXPECT(waitpid(reader, &status, 0) == reader);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    EXPECT(read_version() > 1);
    check_entries();
}

/* ---- Before every step ---------------------------------------------------------------
 */

enum { OLD = 3, NEW = 4 };

static bool replace_whole(void)
{
    return replace(NEW);
}

static bool change(void)
{
    FILE *stream = filelike_atomic("target", "r+", NULL);
    return stream != NULL && filelike_truncate(stream, 0) == 0 &&
           write_version(stream, NEW) && fclose(stream) == 0;
}

static bool put(FILE *stream)
{
    return stream != NULL && write_version(stream, NEW) &&
           filelike_persist(stream, "target", 0) == 0 && fclose(stream) == 0;
}

static bool put_from_memory(void)
{
    return put(filelike_memory("w+", NULL));
}

static bool put_temporary(void)
{
    return put(filelike_temporary("w+", NULL));
}

static bool put_named(void)
{
    return put(filelike_named("w+", NULL));
}

static bool (*const ways[])(void) = {
    replace_whole, change, put_from_memory, put_temporary, put_named};

static const struct faults systems[] = {
    {0},
    {.tmpfile = EOPNOTSUPP},
    {.no_proc = true},
    {.link = EPERM},
};

static int run_way(void *context)
{
    bool (*const *way)(void) = context;
    return (*way)() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The status of a child that uses WAY and is killed before step STEP. */
static int die_at(const struct faults *system, bool (*way)(void), int step)
{
    faults = (struct faults){0};
    EXPECT(replace(OLD));
    faults = *system;
    faults.die_at = step;
    return in_child(run_way, &way);
}

static void kill_before_every_step(const struct faults *system, bool (*way)(void))
{
    enum { FEWEST_STEPS = 4, MOST_STEPS = 100, KILLED = 128 + SIGKILL };
    int step = 1;
    int status;
    while ((status = die_at(system, way, step)) == KILLED && step < MOST_STEPS) {
        int version = read_version();
        EXPECT(version == OLD || version == NEW);
        check_entries();
        step++;
    }
    EXPECT(status == EXIT_SUCCESS);
    EXPECT(read_version() == NEW);
    EXPECT(step > FEWEST_STEPS && step < MOST_STEPS);
    EXPECT(strcmp(entries("."), "streams target") == 0);
}

int main(void)
{
    scratch_enter();
    EXPECT(mkdir("streams", S_IRWXU) == 0 && setenv("TMPDIR", "streams", 1) == 0);
    kill_at_random_moments();
    expect_subject = "killed before a step";
    for (size_t i = 0; i < COUNT(systems) * COUNT(ways); i++)
        kill_before_every_step(&systems[i / COUNT(ways)], ways[i % COUNT(ways)]);
    scratch_leave();
    return expect_status();
}
