/* Records that threads of a soak append to bytes which they share. */
#ifndef SOAK_RECORD_H
#define SOAK_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct record {
    uint32_t seed;
    uint32_t member; /* who writes it */
    uint32_t number; /* of its records */
    uint32_t sum;
};

struct record record_make(uint32_t seed, uint32_t member, uint32_t number);
bool record_is_whole(const struct record *record);

/* Reads STREAM on to its end: whether all in it are whole records, or zero bytes of the
 * size of one, where a writer has gone beyond the end. */
bool record_all_are_whole(FILE *stream);

#endif
