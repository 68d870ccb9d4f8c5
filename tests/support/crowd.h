/* Several threads at work on the same things. Check knows its own thread alone, so what
 * they find wrong is counted, and told when all have ended. */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>

enum { CROWD_MOST = 16 };

typedef void crowd_work(unsigned number, void *context);

/* Runs WORK in COUNT threads, numbered from 0, that begin together. The test fails if one
 * of them expected something in vain. */
void crowd_run(unsigned count, crowd_work *work, void *context);

/* For those who work as long as others do: true until somebody calls crowd_end. */
bool crowd_goes_on(void);
void crowd_end(void);

/* Waits until all of the threads have come here. */
void crowd_meet(void);

/* The same, and they go on at the same moment, as far as there are processors. */
void crowd_meet_closely(void);

/* Whether CONDITION holds. */
#define CROWD_EXPECT(condition) crowd_expect((condition), __FILE__, __LINE__, #condition)

bool crowd_expect(bool condition, const char *file, int line, const char *text);

/* A number below BELOW; each STATE, which is not 0, draws a sequence of its own. */
unsigned crowd_draw(unsigned *state, unsigned below);

#endif
