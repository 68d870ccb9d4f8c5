/* A step of a sequence: bytes that stand for one call. */
#ifndef STEP_H
#define STEP_H

#include "lockstep.h"

enum {
    STEP_OPERATION,              /* see step_operation_byte */
    STEP_VARIANT,                /* VARIANT_* bits */
    STEP_SIZE,                   /* two bytes */
    STEP_OFFSET = STEP_SIZE + 2, /* two bytes */
    STEP_BYTES = STEP_OFFSET + 2 /* of a whole step */
};

enum {
    VARIANT_ORIGIN = 0x03,   /* what an offset counts from */
    VARIANT_NEGATIVE = 0x1c, /* all set: also a negative one from the start */
    VARIANT_MOVE = 0x0c,     /* all set: move the bytes beneath a view */
    VARIANT_FLUSH = 0x20,    /* rather than seek between writing and reading */
    VARIANT_SECOND = 0x80    /* on the second stream, if there are two */
};

/* A STEP_OPERATION byte that stands for the operation, and the operation of a step. */
uint8_t step_operation_byte(enum operation_name operation);
enum operation_name step_operation(const uint8_t *step);

/* The call that STEP stands for, on PAIR as it is now. */
struct call step_call(const uint8_t *step, const struct pair *pair);

/* Whether ISO C or this library leaves the result of CALL open. Such a result cannot be
 * compared. */
bool step_is_undefined(const struct call *call, const struct pair *pair);

#endif
