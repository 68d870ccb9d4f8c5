/* Pairs of a stream of the library and a FILE * of the real file, on which the same calls
 * are made, one after the other, and compared. */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include "calls.h"

struct pair {
    FILE *tested;
    FILE *real;
    const char *mode;
    int descriptor; /* of the tested one, as it was when it was asked for first; or -1 */
    /* The last transfer. One of the other kind may not follow it at once. */
    enum { NOTHING, READING, WRITING } last;
    bool written;          /* since it was positioned */
    bool pushed_back;      /* a character of ungetc may be waiting */
    bool was_pushed_back;  /* since it was positioned */
    bool position_unknown; /* ungetc at 0: ISO C leaves it open */
    bool position_lost;    /* by glibc, see lose_position */
    bool outdated;         /* what was read ahead, by another stream */
};

struct lockstep {
    struct pair pairs[2]; /* all on the same bytes */
    size_t pair_count;
    FILE *trace;     /* gets a line for each call; or NULL */
    bool different;  /* then no more calls are made */
    bool in_place;   /* on bytes of the test's own, with no '\0' behind them */
    bool unchanging; /* ENOTSUP to truncate, where the real file has EBADF */
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

/* Makes the calls that have to come before OPERATION; FLUSH asks for a flush of what has
 * been written, where a seek would do too. */
void lockstep_prepare(
    struct lockstep *run, struct pair *pair, enum operation_name operation, bool flush);

/* Lets a stream see what another has written: a part of the above. */
void lockstep_catch_up(struct lockstep *run, struct pair *pair);

/* Makes a call on both and compares what comes of it; the second: without arguments. */
void lockstep_make(struct lockstep *run, struct pair *pair, const struct call *call);
void lockstep_make_plain(
    struct lockstep *run, struct pair *pair, enum operation_name operation);

/* To be called where the bytes are changed by other means than a call. */
void lockstep_forget_view(struct lockstep *run);

/* Closes the last pair, and compares what that returns. */
void lockstep_close(struct lockstep *run);

/* Counts a call that was made by other means, and tells how many of an operation have
 * been made so far, in all. */
void lockstep_count(enum operation_name operation);
uint64_t lockstep_calls_made(enum operation_name operation);

#endif
