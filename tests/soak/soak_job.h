/* A stream of a soak, what is known of its bytes, and what is done to it. A fault is a
 * call that failed and said so; a loss is a byte that was accepted and is not there, or a
 * failure that nobody was told of, or one that pressure does not explain. */
#ifndef SOAK_JOB_H
#define SOAK_JOB_H

#include "kinds.h"

#include "soak_tally.h"

#include <stdatomic.h>
#include <stddef.h>

struct job {
    const struct kind *kind;
    FILE *stream;
    unsigned seed;
    unsigned random;
    size_t written;        /* bytes that were stored, of the sequence of SEED */
    atomic_size_t assured; /* of them those that are there at each moment of a step */
    bool failed;           /* a write has, since the stream was opened */
    bool others_failed;    /* a write has of another stream on the same bytes */
    bool may_be_in_file;   /* which a forked child would share */
    bool may_be_in_kernel; /* in a memory file of it, which the child shares too */
};

/* A number below BELOW. */
unsigned draw(unsigned *state, unsigned below);

/* The byte of JOB's sequence at POSITION. */
char job_byte(const struct job *job, size_t position);

/* Whether job_open can open a stream of this kind. */
bool job_can_be(const struct kind *kind);

/* Whether a forked child can use what it inherits: stdio's own streams share the position
 * in the file with the parent's. */
bool job_can_be_inherited(const struct kind *kind);

/* Opens the stream of a JOB that has its kind and seed. */
bool job_open(struct job *job, filelike_budget *budget);

/* One step of any sort. False: the stream can only be closed. */
bool job_step(struct job *job);

/* Looks at the bytes in all ways, and leaves them as they are. */
void job_check(struct job *job);

/* Whether STREAM, at its start, gives JOB's bytes and then ends. Else WHAT is lost. */
void job_check_reading(const struct job *job, FILE *stream, const char *what);

/* One write of any size. False: the stream can only be closed. */
bool job_write(struct job *job);

/* Writes something, and cuts it off again. */
bool job_write_and_undo(struct job *job);

/* Asks for the descriptor, which streams on a caller's operations do not have. */
void job_ask_descriptor(const struct job *job);

/* With a last look where it GOES_ON. */
void job_close(struct job *job, bool goes_on);

/* Whether a forked child has the bytes to itself. */
bool job_is_private(const struct job *job);

/* Counts a call that has just been made, and answers whether it was a SUCCESS. It may
 * have failed for lack of anything, or of what is in LACK. */
bool job_done(const struct job *job, bool success);
bool job_done_or_lacks(const struct job *job, bool success, unsigned lack);

void job_lose(const struct job *job, const char *what);

/* For the messages: who works here. */
extern const char *job_process;

#endif
