/* All streams of this process by their FILE *. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "stdio/stream.h"

void registry_add(struct stream *stream);

/* Does nothing if the stream is not registered. */
void registry_remove(struct stream *stream);

/* The stream of FILE. NULL if FILE is not ours, or was ours until the C library's freopen
 * made it a stream on a descriptor. */
struct stream *registry_find(FILE *file);

#endif
