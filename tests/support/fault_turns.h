/* The call that fails next. Of the calls that the library makes, the one with a number
 * fails, in one of its possible ways. */
#ifndef FAULT_TURNS_H
#define FAULT_TURNS_H

#include "faults.h"

#include <stdbool.h>
#include <stddef.h>

/* The library's duty to its caller. */
enum debt {
    MAY_TELL,  /* the failure, unless all worked without that call */
    MUST_TELL, /* the failure, where all calls of this kind fail from then on */
    UNSEEN     /* everything as if nothing had been */
};

struct failure {
    const char *name;
    int error;
    enum debt debt;
    enum fault fault; /* what the call itself meets */
    bool fails_then;  /* the calls of this kind after it fail with ERROR */
};

/* The call that is NUMBER from now on, 1 being the next, meets the failure that is INDEX
 * in the list of its kind; and, with LASTING, those of its kind after it too. */
void turns_arm(size_t number, size_t index, bool lasting);

/* Nothing fails any more. */
void turns_stop(void);

/* Calls between the two meet no fault, not even the other ones, and are not counted. */
void turns_pause(void);
void turns_resume(void);

/* The call that has failed since turns_arm, or NULL. */
const struct failure *turns_failure(void);
enum fault_call turns_call(void);

/* Whether INDEX is one of the list of the call that was struck. */
bool turns_have(size_t index);

/* A call that this platform has and that was never struck, by its name; each in turn,
 * then NULL. */
const char *turns_never_struck(void);

/* The number of the call, its name and its failure. */
const char *turns_text(void);

#endif
