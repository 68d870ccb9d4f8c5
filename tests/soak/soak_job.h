/* A stream of a soak, its known bytes, and the steps on it. A fault is a call that
 * failed and reported it. A loss is one of these: an accepted byte is missing, a failure
 * was not reported, or pressure does not explain a failure. */
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
    size_t written;        /* bytes of SEED's sequence that are stored */
    atomic_size_t assured; /* bytes that are there even in the middle of a step */
    bool failed;           /* a write has failed since the stream was opened */
    bool others_failed;    /* a write of another stream on the same bytes has failed */
    bool may_be_in_file;   /* a file is shared with a forked child */
    bool may_be_in_kernel; /* a memory file is shared with a forked child, too */
};

/* A random number below BELOW. */
unsigned draw(unsigned *state, unsigned below);

/* The byte of JOB's sequence at POSITION. */
char job_byte(const struct job *job, size_t position);

/* Whether job_open can open a stream of this kind. */
bool job_can_be(const struct kind *kind);

/* Whether a forked child can use the stream. It cannot use one of stdio's own, because
 * both share the position in the file. */
bool job_can_be_inherited(const struct kind *kind);

/* Opens the stream of a JOB that has its kind and seed. */
bool job_open(struct job *job, filelike_budget *budget);

/* One step of any sort. False: the stream can only be closed. */
bool job_step(struct job *job);

/* Checks the bytes in all ways, and changes none. */
void job_check(struct job *job);

/* Reads STREAM from its start. It must give JOB's bytes and then end-of-file, else WHAT
 * is lost. */
void job_check_reading(const struct job *job, FILE *stream, const char *what);

/* One write of any size. False: the stream can only be closed. */
bool job_write(struct job *job);

/* Writes some bytes, and truncates them again. */
bool job_write_and_undo(struct job *job);

/* Asks for the descriptor. Streams on a caller's operations have none. */
void job_ask_descriptor(const struct job *job);

/* Closes the stream. If it GOES_ON, its bytes are checked first. */
void job_close(struct job *job, bool goes_on);

/* Whether a forked child has a copy of the bytes. */
bool job_is_private(const struct job *job);

/* Counts the call that has just been made. Returns SUCCESS. A failed call may have
 * lacked any resource under pressure, or those in LACK. */
bool job_done(const struct job *job, bool success);
bool job_done_or_lacks(const struct job *job, bool success, unsigned lack);

void job_lose(const struct job *job, const char *what);

/* The worker's name in messages. */
extern const char *job_process;

#endif
