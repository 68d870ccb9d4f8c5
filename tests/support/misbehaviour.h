/* Streams on operations that do whatever the bytes of an input say: they return too much,
 * negative counts and sizes, fail, change what they hold. The library must tell of errors
 * and stay whole. Any bytes are an input, so that they can come from a random generator
 * or from a fuzzer. Needs no test framework. */
#ifndef MISBEHAVIOUR_H
#define MISBEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an input that are used at most. */
enum { MISBEHAVIOUR_MOST = 4096 };

/* Tells whether all promises held. Broken ones are told on the standard error. */
bool misbehaviour_run(const uint8_t *bytes, size_t size);

#endif
