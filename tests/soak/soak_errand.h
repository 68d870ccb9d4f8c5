/* Work of a soak's threads between their jobs. Each errand opens streams of its own.
 * Unless its comment says so, it leaves nothing behind. */
#ifndef SOAK_ERRAND_H
#define SOAK_ERRAND_H

#include "filelike.h"
#include "soak_job.h"

/* The worker that runs the errand, and its resources. */
struct errand {
    unsigned worker;
    unsigned seed; /* of its own */
    unsigned random;
    bool forks;
    filelike_budget *budget;
};

typedef void errand_body(struct errand *errand);

/* A job that has the name of KIND. The errand counts its calls on it. */
struct job errand_job(const struct errand *errand, const struct kind *kind);

/* Forks, and runs BODY in the child. If BODY returns false, WHAT is counted as lost. */
void errand_in_child(const struct job *job,
    bool (*body)(const struct job *job, const void *context), const void *context,
    const char *what);

/* Any of them. */
void errand_run(struct errand *errand);

/* Atomic streams. Some are on a path of the worker's own, whose content is known at each
 * moment. Others are on paths that all workers replace, whose content must be whole. The
 * files stay. */
errand_body errand_publish, errand_publish_among_others;

/* Checks those files at the end, without pressure, and removes them. */
void errand_publish_end(unsigned workers);

/* A named stream that is kept or discarded, or whose file a child cleans up. */
errand_body errand_named;

/* Several threads append records to one stream, to streams on the same bytes, and to
 * bytes whose name is removed meanwhile. */
errand_body errand_share_stream, errand_share_bytes, errand_share_name;

/* Names that all workers open, empty and remove at any moment. The names stay. */
errand_body errand_names;

/* Removes them. */
void errand_names_end(void);

#endif
