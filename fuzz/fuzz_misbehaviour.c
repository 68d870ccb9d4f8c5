/* A target of libFuzzer. Any bytes are an input: they say how a caller's operations
 * misbehave, and which calls are made on a stream on these operations. */
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
