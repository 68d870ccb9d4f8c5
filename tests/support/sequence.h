/* Sequences of stdio calls, made in lockstep on streams of the library and on FILE *s of
 * a real file. A sequence is a string of bytes. Any bytes are a valid sequence, so a
 * random generator or a fuzzer can provide them. Needs no test framework. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The first bytes say what a sequence runs on. Steps follow, see step.h. */
enum {
    SEQUENCE_KIND,        /* an index in the table of kinds */
    SEQUENCE_MODE,        /* an index in sequence_modes */
    SEQUENCE_BUFFER,      /* which size of stdio's buffer */
    SEQUENCE_CONTENT,     /* which size of what the stream starts on; CONTENT_* bits */
    SEQUENCE_STREAMS,     /* how many streams, and how they are used: STREAMS_* bits */
    SEQUENCE_SECOND_MODE, /* as SEQUENCE_MODE, of the second stream */
    SEQUENCE_HEADER       /* the number of these bytes */
};

enum {
    STREAMS_TWO = 0x01,              /* from the beginning */
    STREAMS_FIRST_GOES_FIRST = 0x02, /* in the end */
    STREAMS_SETVBUF = 0x1c,          /* all set: by lines, or not at all */
    STREAMS_BY_LINES = 0x20,
    STREAMS_STAY = 0x40 /* without the calls that move the bytes */
};

/* A buffer of a few bytes takes a system call for each of them. So a sequence with such a
 * buffer moves few bytes, unless all of these bits are clear. */
enum { CONTENT_KEEP_SMALL = 0xf8 };

enum { SEQUENCE_STEPS = 2000 /* at most; others are ignored */ };

enum { SEQUENCE_MODES = 6 };
extern const char *const sequence_modes[SEQUENCE_MODES];

enum verdict {
    VERDICT_SAME,
    VERDICT_DIFFERENT,
    VERDICT_SKIPPED /* this kind of stream cannot be opened so */
};

/* Runs a sequence up to its end or the first difference. TRACE, unless NULL, gets a line
 * for each call and the difference. Exits if the real file cannot be created. */
enum verdict sequence_run(const uint8_t *bytes, size_t size, FILE *trace);

#endif
