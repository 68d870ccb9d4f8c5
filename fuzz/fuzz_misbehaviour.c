/* A target of libFuzzer: any bytes say how a caller's operations misbehave, and what is
 * done with a stream on them. */
#include <config.h>

#include "misbehaviour.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!misbehaviour_run(data, size))
        abort();
    return 0;
}
