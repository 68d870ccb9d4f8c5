#include <config.h>

#include "step.h"

static unsigned total_weight(void)
{
    unsigned total = 0;
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        total += operations[i].weight;
    return total;
}

uint8_t step_operation_byte(enum operation_name operation)
{
    unsigned before = 0;
    for (size_t i = 0; i < operation; i++)
        before += operations[i].weight;
    return (uint8_t) before;
}

enum operation_name step_operation(const uint8_t *step)
{
    unsigned left = step[STEP_OPERATION] % total_weight();
    unsigned i = 0;
    while (left >= operations[i].weight)
        left -= operations[i++].weight;
    return (enum operation_name) i;
}

static unsigned two_bytes(const uint8_t *bytes)
{
    return bytes[0] | (unsigned) bytes[1] << 8;
}

/* Three of sixteen bits choose a limit, and the others choose a fraction of it. */
static int64_t scale(unsigned drawn, const int64_t limits[8])
{
    return (int64_t) (drawn >> 3) * limits[drawn & 7] / 0x2000;
}

static size_t size(const uint8_t *step)
{
    static const int64_t limits[] = {2, 8, 20, 20, 80, 600, 5000, CALL_ROOM};
    return (size_t) scale(two_bytes(step + STEP_SIZE), limits);
}

/* The highest bit is the sign, so the result is at most half of the limit. */
static int64_t offset(const uint8_t *step)
{
    static const int64_t limits[] = {8, 40, 40, 200, 2000, 6000, 20000, 140000};
    unsigned drawn = two_bytes(step + STEP_OFFSET);
    int64_t distance = scale(drawn & 0x7fff, limits);
    return drawn & 0x8000 ? -distance : distance;
}

static int origin(const uint8_t *step, const struct pair *pair)
{
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_SET};
    int chosen = origins[step[STEP_VARIANT] & VARIANT_ORIGIN];
    return chosen == SEEK_CUR && !pair_may_seek_relatively(pair) ? SEEK_SET : chosen;
}

static bool counts_from_start(const struct call *call)
{
    return call->operation == TRUNCATE || call->operation == FSETPOS ||
           ((call->operation == FSEEKO || call->operation == DESCRIPTOR_SEEK) &&
               call->whence == SEEK_SET);
}

struct call step_call(const uint8_t *step, const struct pair *pair)
{
    struct call call = {
        .operation = step_operation(step),
        .size = size(step),
        .unit = 1 + step[STEP_VARIANT] % 5,
        .offset = offset(step),
        .whence = origin(step, pair),
        .character = step[STEP_OFFSET],
    };
    bool negative = (step[STEP_VARIANT] & VARIANT_NEGATIVE) == VARIANT_NEGATIVE;
    if (counts_from_start(&call) && call.offset < 0 && !negative)
        call.offset = -call.offset;
    return call;
}

bool step_is_undefined(const struct call *call, const struct pair *pair)
{
    switch (call->operation) {
    case UNGETC:
        return pair->pushed_back || !pair_can_read(pair);
    case FSEEKO: /* one that fails may lose the character or not */
        return pair->pushed_back && call->offset < 0;
    case TRUNCATE: /* EINVAL or EBADF? */
        return call->offset < 0 && !pair_can_write(pair);
    case WRITE_BENEATH:
    case DESCRIPTOR_WRITE:
    case CHILD_APPENDS:
    case CHILD_WRITES:
        return !pair_can_write(pair);
    case DESCRIPTOR_READ: /* it may do more than the stream does */
        return !pair_can_read(pair);
    case PERSIST: /* of the C library's streams only the indicator tells of lost writes */
        return ferror(pair->real) != 0;
    default:
        return false;
    }
}
