/* Numbers that look random, the same for the same seed. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* A number below BELOW. Each STATE draws a sequence of its own (SplitMix64). */
static inline uint64_t random_below(uint64_t *state, uint64_t below)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return mixed % below;
}

#endif
