/* Which FILE * is a stream of ours. A process has one registry, under one lock. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "stdio/stream.h"

/* Neither can fail: the link is in the stream. */
void registry_add(struct stream *stream);
void registry_remove(struct stream *stream);

/* The stream of FILE, or NULL. */
struct stream *registry_find(FILE *file);

/* For the handler of fork, in the child: makes this lock new, those of all stores, and by
 * RENEW_LOCK those of the streams. */
void registry_renew(void (*renew_lock)(FILE *));

#endif
