/* Which FILE * is a stream of ours. A process has one registry. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "stdio/stream.h"

/* 0, or -1 with ENOMEM. */
int registry_add(struct stream *stream);

/* It need not be there. */
void registry_remove(struct stream *stream);

/* The stream of FILE, or NULL. */
struct stream *registry_find(FILE *file);

#endif
