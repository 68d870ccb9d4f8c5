/* The results of the calls of a soak, counted over all of its processes. */
#ifndef SOAK_TALLY_H
#define SOAK_TALLY_H

#include <stdbool.h>

/* The resources that a call may lack, and other reasons to fail. */
enum {
    LACK_MEMORY = 1,
    LACK_DESCRIPTORS = 2,
    LACK_DISK = 4,
    LACK_THREADS = 8, /* or of processes */
    LACK_ANY = 15,
    LACK_SUPPORT = 16,   /* some kinds do not support the function */
    LACK_FREE_PATH = 32, /* the path exists */
    LACK_PATH = 64       /* the path does not exist */
};

/* Call this before any process or thread is started. False with errno if memory is
 * missing. */
bool tally_begin(void);

void tally_operation(void);
void tally_child(void);
void tally_loss(void);

/* Counts a stream whose descriptor a child does not have. */
void tally_missing(void);

/* Counts a call that has failed with ERROR. False if nothing in LACK is a reason for
 * it. */
bool tally_fault(int error, unsigned lack);

bool tally_is_without_loss(void);
void tally_report(void);

#endif
