/* Work of the threads of a soak between their jobs. Each errand opens streams of its
 * own, and leaves nothing behind but what its comment says. */
#ifndef SOAK_ERRAND_H
#define SOAK_ERRAND_H

#include "filelike.h"
#include "soak_job.h"

/* The worker that runs the errand, and its means. */
struct errand {
    unsigned worker;
    unsigned seed; /* of its own */
    unsigned random;
    bool forks;
    filelike_budget *budget;
};

typedef void errand_body(struct errand *errand);

/* A job of KIND's name that the errand counts its calls on. */
struct job errand_job(const struct errand *errand, const struct kind *kind);

/* Forks, and WHAT is lost unless BODY says in the child that all is in order. */
void errand_in_child(const struct job *job,
    bool (*body)(const struct job *job, const void *context), const void *context,
    const char *what);

/* Any of them. */
void errand_run(struct errand *errand);

/* Atomic streams: on a path that is the worker's own, whose content is known at each
 * moment; and on some that all workers replace, which must be whole. The files stay. */
errand_body errand_publish, errand_publish_among_others;

/* In the end, without pressure: looks at those files and removes them. */
void errand_publish_end(unsigned workers);

/* A named stream that is kept or discarded, or whose file is cleaned up by a child. */
errand_body errand_named;

/* Records that several threads append: to one stream, to streams on the same bytes, and
 * to bytes under a name that is taken away meanwhile. */
errand_body errand_share_stream, errand_share_bytes, errand_share_name;

/* Names that all workers open, empty and remove at any moment. They stay. */
errand_body errand_names;

/* Removes them. */
void errand_names_end(void);

#endif
