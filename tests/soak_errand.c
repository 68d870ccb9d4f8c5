#include <config.h>

#include "soak_errand.h"

static errand_body *const errands[] = {
    errand_publish,
    errand_publish_among_others,
    errand_fate,
    errand_share_stream,
    errand_share_bytes,
    errand_share_name,
    errand_names,
};

struct job errand_job(const struct errand *errand, const struct kind *kind)
{
    return (struct job){.kind = kind, .seed = errand->seed, .random = errand->random};
}

void errand_run(struct errand *errand)
{
    errands[draw(&errand->random, sizeof errands / sizeof *errands)](errand);
}
