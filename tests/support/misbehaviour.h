/* Streams on operations that misbehave as the bytes of an input say: they return too
 * much, or negative counts and sizes, or fail, or change their content. The library must
 * report errors and stay intact. Any bytes are a valid input, so a random generator or a
 * fuzzer can provide them. Needs no test framework. */
#ifndef MISBEHAVIOUR_H
#define MISBEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes of an input that are used. */
enum { MISBEHAVIOUR_MOST = 4096 };

/* Returns whether all promises held. Prints broken ones to the standard error. */
bool misbehaviour_run(const uint8_t *bytes, size_t size);

#endif
