/* A target of libFuzzer: any bytes are a sequence of calls, compared with a real file. */
#include <config.h>

#include "sequence.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (sequence_run(data, size, NULL) != VERDICT_DIFFERENT)
        return 0;
    (void) fprintf(stderr, "A stream differs from a real file:\n");
    (void) sequence_run(data, size, stderr);
    abort();
}
