/* Several threads at work on the same objects. Check's assertions work in its own thread
 * only. So failures in the threads are counted, and reported when all have ended. */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>

enum { CROWD_MOST = 16 };

typedef void crowd_work(unsigned number, void *context);

/* Runs WORK in COUNT threads, numbered from 0, that begin together. The test fails if an
 * expectation fails in one of them. */
void crowd_run(unsigned count, crowd_work *work, void *context);

/* For threads that work as long as others do: true until a thread calls crowd_end. */
bool crowd_goes_on(void);
void crowd_end(void);

/* Waits until all of the threads have called this. */
void crowd_meet(void);

/* The same, but all go on at the same moment, as far as there are processors. */
void crowd_meet_closely(void);

/* Whether CONDITION holds. */
#define CROWD_EXPECT(condition) crowd_expect((condition), __FILE__, __LINE__, #condition)

bool crowd_expect(bool condition, const char *file, int line, const char *text);

/* A random number below BELOW. Each STATE draws a sequence of its own, and must not be 0.
 */
unsigned crowd_draw(unsigned *state, unsigned below);

#endif
