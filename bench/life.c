#include <config.h>

#include "harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROW_OF_TEXT "AT,+4813+01620,Europe/Vienna\n"

enum { ROW_SIZE = sizeof ROW_OF_TEXT - 1 };

size_t turns(size_t amount, enum kind kind)
{
    return kind_has_descriptor(kind) && amount >= 100 ? amount / 20 : amount;
}

/* ---- Others --------------------------------------------------------------------------
 */

static struct subject *open_others(size_t count, enum kind kind)
{
    struct subject *others = calloc(count + 1, sizeof *others);
    if (others == NULL)
        fail("calloc");
    for (size_t i = 0; i < count; i++)
        subject_open(&others[i], kind, ROW_SIZE);
    return others;
}

/* The newest stream is closed first: glibc's fclose walks its list from the newest
 * stream to the one that it closes. */
static void close_others(struct subject *others, size_t count)
{
    while (count > 0)
        subject_close(&others[--count]);
    free(others);
}

/* ---- Open, one row, close ------------------------------------------------------------
 */

static void live(enum kind kind)
{
    struct subject subject;
    subject_open(&subject, kind, ROW_SIZE);
    if (fputs(ROW_OF_TEXT, subject.file) == EOF)
        fail("fputs");
    subject_close(&subject);
}

/* The same with a slow check that the row is stored. */
static void check_life(enum kind kind)
{
    struct subject subject;
    size_t size;
    subject_open(&subject, kind, ROW_SIZE);
    (void) fputs(ROW_OF_TEXT, subject.file);
    if (fflush(subject.file) != 0)
        fail("fflush");
    const char *bytes = subject_contents(&subject, &size);
    if (size != ROW_SIZE || memcmp(bytes, ROW_OF_TEXT, ROW_SIZE) != 0)
        fail_with_other_bytes();
    subject_close(&subject);
}

double measure_opening(const struct row *row, enum kind kind)
{
    size_t count = turns(row->amount, kind);
    check_life(kind);
    struct subject *others = open_others(row->others, kind);
    double start = now();
    for (size_t i = 0; i < count; i++)
        live(kind);
    double elapsed = now() - start;
    close_others(others, row->others);
    return elapsed / (double) count;
}

double measure_opening_again(const struct row *row, enum kind kind)
{
    double result = measure_opening(row, kind);
    kind_remove(kind);
    return result;
}

double measure_opening_without_others(const struct row *row)
{
    struct row alone = *row;
    alone.others = 0;
    return measure_opening(&alone, MEMORY);
}

/* ---- Limit: callbacks that keep nothing ----------------------------------------------
 */

static ssize_t forget(void *cookie, const char *data, size_t size)
{
    (void) cookie;
    use_memory(data);
    return (ssize_t) size;
}

static void live_with_callbacks(enum kind kind)
{
    (void) kind;
    char buffer[BUFSIZ];
    FILE *file = fopencookie(NULL, "w+", (cookie_io_functions_t){.write = forget});
    if (file == NULL || setvbuf(file, buffer, _IOFBF, sizeof buffer) != 0 ||
        fputs(ROW_OF_TEXT, file) == EOF || fclose(file) != 0)
        fail("fopencookie");
}

double measure_opening_callbacks(const struct row *row)
{
    double start = now();
    for (size_t i = 0; i < row->amount; i++)
        live_with_callbacks(LIMIT);
    return (now() - start) / (double) row->amount;
}

/* ---- In two threads ------------------------------------------------------------------
 */

struct lives {
    void (*live)(enum kind);
    enum kind kind;
    size_t count;
};

static void *live_in_thread(void *argument)
{
    const struct lives *lives = argument;
    for (size_t i = 0; i < lives->count; i++)
        lives->live(lives->kind);
    return NULL;
}

/* Seconds of each. */
static double live_in_two_threads(struct lives lives)
{
    pthread_t thread;
    double start = now();
    if (pthread_create(&thread, NULL, live_in_thread, &lives) != 0)
        fail("pthread_create");
    (void) live_in_thread(&lives);
    (void) pthread_join(thread, NULL);
    return (now() - start) / (double) (2 * lives.count);
}

double measure_opening_in_threads(const struct row *row, enum kind kind)
{
    check_life(kind);
    return live_in_two_threads((struct lives){live, kind, turns(row->amount, kind)});
}

double measure_opening_callbacks_in_threads(const struct row *row)
{
    return live_in_two_threads((struct lives){live_with_callbacks, LIMIT, row->amount});
}

/* ---- Size ----------------------------------------------------------------------------
 */

/* A few of the streams, evenly spread. They are so few that the processor's caches hold
 * them, whatever the number of others. */
enum { ASKED = 16 };

double measure_size(const struct row *row, enum kind kind)
{
    size_t count = row->others + 1;
    size_t step = count > ASKED ? count / ASKED : 1;
    struct subject *others = open_others(count, kind);
    size_t total = 0;
    double start = now();
    for (size_t i = 0; i < row->amount; i++)
        total += subject_size(&others[i % ASKED * step % count]);
    double elapsed = now() - start;
    if (total != 0)
        fail_with_other_bytes();
    close_others(others, count);
    return elapsed / (double) row->amount;
}

double measure_size_without_others(const struct row *row)
{
    struct row alone = *row;
    alone.others = 0;
    return measure_size(&alone, MEMORY);
}

/* ---- fork ----------------------------------------------------------------------------
 */

bool row_has_descriptors(const struct row *row)
{
    enum { MORE = 100 }; /* descriptors that the process has besides */
    struct rlimit limit;
    if (!row->needs_descriptors)
        return true;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= row->others + MORE;
}

static void fork_once(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(EXIT_SUCCESS);
    if (child == -1 || waitpid(child, NULL, 0) != child)
        fail("fork");
}

double measure_forking(const struct row *row, enum kind kind)
{
    struct subject *others = open_others(row->others, kind);
    double start = now();
    for (size_t i = 0; i < row->amount; i++)
        fork_once();
    double elapsed = now() - start;
    close_others(others, row->others);
    return elapsed / (double) row->amount;
}
