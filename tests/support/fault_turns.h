/* Makes one call of the library fail, chosen by its number, in one of its possible ways.
 */
#ifndef FAULT_TURNS_H
#define FAULT_TURNS_H

#include "faults.h"

#include <stdbool.h>
#include <stddef.h>

/* The library's duty to its caller after a failed call. */
enum debt {
    MAY_TELL,  /* may tell of the failure, or work without that call */
    MUST_TELL, /* must tell if all calls of this kind fail from then on */
    UNSEEN     /* must go on as if nothing had failed */
};

struct failure {
    const char *name;
    int error;
    enum debt debt;
    enum fault fault; /* the outcome of the call itself */
    bool fails_then;  /* later calls of this kind fail with ERROR */
};

/* Makes the call fail that is NUMBER from now on, 1 being the next. INDEX chooses a
 * failure from the list for its kind. With LASTING, later calls of this kind fail,
 * too. */
void turns_arm(size_t number, size_t index, bool lasting);

/* Nothing fails any more. */
void turns_stop(void);

/* Between these two, no call fails and none is counted. That holds for the faults of
 * faults.h, too. */
void turns_pause(void);
void turns_resume(void);

/* The failure since turns_arm, or NULL, and the call that failed. */
const struct failure *turns_failure(void);
enum fault_call turns_call(void);

/* Whether the list for the failed call has an entry INDEX. */
bool turns_have(size_t index);

/* The name of the next call that this platform has and that never failed. NULL after the
 * last. */
const char *turns_never_struck(void);

/* The number of the call, its name and its failure. */
const char *turns_text(void);

#endif
