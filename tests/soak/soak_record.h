/* Records that threads of a soak append to bytes that they share. */
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

/* Reads STREAM to end-of-file. It must hold whole records. Zero bytes of the size of a
 * record may stand where a writer has gone beyond the end. */
bool record_all_are_whole(FILE *stream);

#endif
