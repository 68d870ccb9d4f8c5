/* Pairs of a stream of the library and a FILE * of the real file. Each call is made on
 * one and then on the other, and the results are compared. */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include "calls.h"

struct pair {
    FILE *tested;
    FILE *real;
    const char *mode;
    int descriptor; /* of the tested one, when first asked for; or -1 */
    /* The last transfer. One of the other kind may not follow it at once. */
    enum { NOTHING, READING, WRITING } last;
    bool written;          /* since it was positioned */
    bool pushed_back;      /* a character of ungetc may be waiting */
    bool was_pushed_back;  /* since it was positioned */
    bool position_unknown; /* by ungetc at 0: ISO C leaves the position open */
    bool position_lost;    /* by glibc, see lose_position */
    bool outdated;         /* its read-ahead, by a write of another stream */
    bool handed_over;      /* to another handle; neither positioned nor read since */
};

struct lockstep {
    struct pair pairs[2]; /* all on the same bytes */
    size_t pair_count;
    FILE *trace;     /* gets a line for each call; or NULL */
    bool different;  /* then no more calls are made */
    bool in_place;   /* on the test's own bytes, which no '\0' follows */
    bool unchanging; /* truncate fails with ENOTSUP, on the real file with EBADF */
    /* The last view, while it is valid, and a copy of what it showed. */
    const char *view;
    char *view_copy;
    size_t view_size;
};

bool pair_can_read(const struct pair *pair);
bool pair_can_write(const struct pair *pair);
bool pair_may_seek_relatively(const struct pair *pair);

/* The position of the real file, or 0 if it is unknown. */
int64_t pair_position(const struct pair *pair);

void lockstep_compare(
    struct lockstep *run, const char *what, int64_t tested, int64_t real);

/* A line of the trace. */
void lockstep_trace(const struct lockstep *run, const char *line, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes the calls that have to come before OPERATION. With FLUSH, flushes written bytes
 * even if a seek would do. */
void lockstep_prepare(
    struct lockstep *run, struct pair *pair, enum operation_name operation, bool flush);

/* Makes a stream see the writes of another one. lockstep_prepare includes this. */
void lockstep_catch_up(struct lockstep *run, struct pair *pair);

/* Makes a call on both streams and compares the results. The second is for calls without
 * arguments. */
void lockstep_make(struct lockstep *run, struct pair *pair, const struct call *call);
void lockstep_make_plain(
    struct lockstep *run, struct pair *pair, enum operation_name operation);

/* To be called if anything but a call of lockstep_make changes the bytes. */
void lockstep_forget_view(struct lockstep *run);

/* Closes the last pair, and compares what that returns. */
void lockstep_close(struct lockstep *run);

/* The first counts a call that was made without lockstep_make. The second returns how
 * often an operation has been made so far. */
void lockstep_count(enum operation_name operation);
uint64_t lockstep_calls_made(enum operation_name operation);

#endif
