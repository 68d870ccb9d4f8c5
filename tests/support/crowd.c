#include <config.h>

#include "crowd.h"

#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

struct member {
    pthread_t thread;
    unsigned number;
    crowd_work *work;
    void *context;
};

static pthread_barrier_t barrier;
static unsigned members_count;
static atomic_uint waiting;
static atomic_uint meetings;
static atomic_bool goes_on;
static atomic_uint failures;

void crowd_meet(void)
{
    (void) pthread_barrier_wait(&barrier);
}

/* A thread that sleeps at a barrier wakes too late for a race. */
void crowd_meet_closely(void)
{
    unsigned meeting = atomic_load(&meetings);
    if (atomic_fetch_add(&waiting, 1) + 1 == members_count) {
        atomic_store(&waiting, 0);
        (void) atomic_fetch_add(&meetings, 1);
    }
    while (atomic_load(&meetings) == meeting)
        (void) sched_yield();
}

bool crowd_goes_on(void)
{
    return atomic_load(&goes_on);
}

void crowd_end(void)
{
    atomic_store(&goes_on, false);
}

/* Prints the first failure only: the others often follow from it. */
bool crowd_expect(bool condition, const char *file, int line, const char *text)
{
    int saved = errno;
    if (!condition && atomic_fetch_add(&failures, 1) == 0)
        (void) fprintf(stderr, "%s:%d: a thread failed: %s (errno: %s)\n", file, line,
            text, strerror(saved));
    errno = saved;
    return condition;
}

/* xorshift, by George Marsaglia. */
unsigned crowd_draw(unsigned *state, unsigned below)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % below;
}

static void *begin(void *argument)
{
    const struct member *member = argument;
    crowd_meet();
    member->work(member->number, member->context);
    return NULL;
}

void crowd_run(unsigned count, crowd_work *work, void *context)
{
    struct member members[CROWD_MOST];
    ck_assert_uint_le(count, CROWD_MOST);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, count), 0);
    members_count = count;
    atomic_store(&goes_on, true);
    atomic_store(&failures, 0);
    for (unsigned i = 0; i < count; i++) {
        members[i] = (struct member){.number = i, .work = work, .context = context};
        ck_assert_int_eq(pthread_create(&members[i].thread, NULL, begin, &members[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(members[i].thread, NULL), 0);
    (void) pthread_barrier_destroy(&barrier);
    unsigned failed = atomic_load(&failures);
    ck_assert_msg(failed == 0, "%u failures in threads, see above", failed);
}
