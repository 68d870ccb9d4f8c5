/* What comes of the calls of a soak, counted over all of its processes. */
#ifndef SOAK_TALLY_H
#define SOAK_TALLY_H

#include <stdbool.h>

/* Before any process or thread is started; false with errno where there is no memory. */
bool tally_begin(void);

void tally_operation(void);
void tally_child(void);
void tally_loss(void);

/* A child does not have the descriptor of a stream. */
void tally_missing(void);

/* A call has failed with ERROR; false where too little of everything is no reason. */
bool tally_fault(int error);

bool tally_is_without_loss(void);
void tally_report(void);

#endif
