/* The results of the calls of a soak, counted over all of its processes. */
#ifndef SOAK_TALLY_H
#define SOAK_TALLY_H

#include <stdbool.h>

/* The resources that a call may lack, and the other reasons to fail. */
enum {
    LACK_MEMORY = 1,
    LACK_DESCRIPTORS = 2,
    LACK_DISK = 4,
    LACK_THREADS = 8, /* or of processes */
    LACK_ANY = 15,
    LACK_SUPPORT = 16,   /* the function means nothing to some kinds */
    LACK_FREE_PATH = 32, /* the path exists */
    LACK_PATH = 64       /* the path does not */
};

/* Before any process or thread is started; false with errno where there is no memory. */
bool tally_begin(void);

void tally_operation(void);
void tally_child(void);
void tally_loss(void);

/* A child does not have the descriptor of a stream. */
void tally_missing(void);

/* A call has failed with ERROR; false where none of what it may LACK is a reason. */
bool tally_fault(int error, unsigned lack);

bool tally_is_without_loss(void);
void tally_report(void);

#endif
