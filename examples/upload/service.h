/* The state that all requests share: the options of uploads, and the counts. */
#ifndef SERVICE_H
#define SERVICE_H

#include <filelike.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

struct service {
    struct filelike_options stream; /* for each upload; all share its budget */
    size_t budget;                  /* bytes of that budget */
    atomic_size_t budget_peak;      /* the most that was in use */
    atomic_uint_fast64_t requests;
    atomic_uint_fast64_t uploading; /* now */
    atomic_uint_fast64_t read;      /* uploads answered with their rows and columns */
    atomic_uint_fast64_t refused;   /* uploads answered with an error */
    atomic_uint_fast64_t abandoned; /* uploads whose client went away */
};

/* Call this after anything that may have used the budget. */
void service_watch_budget(struct service *service);

/* A text for people, at the end. */
void service_print(const struct service *service, FILE *stream);

/* JSON for programs. */
void service_print_json(const struct service *service, FILE *stream);

#endif
