/* The frame of each call of this library, and of each call that it makes of the system.
 *
 * A call of this library leaves errno alone if it succeeds, and is no cancellation point.
 * A call of the system is repeated if a signal interrupts it. */
#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---- Calls of this library -----------------------------------------------------------
 *
 * Each public function, and each callback that stdio calls, has this frame:
 *
 *     struct call call = call_begin();
 *     int status = ...;
 *     return call_end(&call, status);
 *
 * It holds cancellation, because a cancelled thread would leave locks locked and files
 * open. Frames may be nested. */
struct call {
    int error;        /* errno at the beginning */
    int cancellation; /* the cancellation state at the beginning, or this: */
};

#define CALL_HOLDS_NOTHING (-1)

static inline struct call call_begin(void)
{
    struct call call = {.error = errno};
    (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancellation);
    return call;
}

/* The same for a call that holds cancellation itself where it needs to. Streams in memory
 * reach no cancellation point, and to hold it takes longer than to write a line. */
static inline struct call call_begin_without_hold(void)
{
    return (struct call){.error = errno, .cancellation = CALL_HOLDS_NOTHING};
}

static inline void call_release_cancellation(int state)
{
    int ignored;
    (void) pthread_setcancelstate(state, &ignored);
}

static inline void call_finish(const struct call *call, int succeeded)
{
    int error = succeeded ? call->error : errno;
    if (call->cancellation != CALL_HOLDS_NOTHING)
        call_release_cancellation(call->cancellation);
    errno = error;
}

/* Ends the call with RESULT, an integer of any type. -1 is a failure. */
#define call_end(call, result)              \
    (__extension__({                        \
        __typeof__(result) end_ = (result); \
        call_finish((call), end_ != -1);    \
        end_;                               \
    }))

/* The same for a pointer. NULL is a failure. */
#define call_end_pointer(call, result)      \
    (__extension__({                        \
        __typeof__(result) end_ = (result); \
        call_finish((call), end_ != NULL);  \
        end_;                               \
    }))

/* ---- errno ----------------------------------------------------------------------- */

/* Sets errno to ERROR and returns -1. */
static inline int call_fail(int error)
{
    errno = error;
    return -1;
}

/* The same for a function that returns a pointer: NULL. */
static inline void *call_fail_pointer(int error)
{
    errno = error;
    return NULL;
}

/* Cleans up after a failure, so that errno still tells of the failure. */
#define KEEPING_ERRNO(statement) \
    do {                         \
        int kept_ = errno;       \
        statement;               \
        errno = kept_;           \
    } while (0)

/* Frees BLOCK and keeps errno. (glibc's free does so only since 2.33.) */
static inline void call_free(void *block)
{
    KEEPING_ERRNO(free(block));
}

/* ---- What a forked child finds --------------------------------------------------- */

/* Keeps two steps of a change in order. Another thread may fork at any moment, and its
 * child never sees the second step without the first. Only the compiler must be told:
 * before fork shares a page, each processor that writes to the page finishes what it has
 * written so far. */
static inline void call_keep_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* Lets *POINTER lead to BLOCK, and frees the block that it led to before. At no moment
 * does it lead to a freed block, because a forked child would free that again. */
static inline void call_replace(char **pointer, char *block)
{
    char *old = *pointer;
    *pointer = block;
    call_keep_order();
    free(old);
}

/* ---- Signals --------------------------------------------------------------------- */

/* Blocks all signals of this thread, so that no handler runs in the middle of a step. */
static inline void call_hold_signals(sigset_t *signals)
{
    sigset_t all;
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, signals);
}

static inline void call_release_signals(const sigset_t *signals)
{
    KEEPING_ERRNO((void) pthread_sigmask(SIG_SETMASK, signals, NULL));
}

/* ---- Calls of the system --------------------------------------------------------- */

/* Repeats CALL, an int or ssize_t expression, while a signal interrupts it. Any call that
 * reaches a filesystem in user space (FUSE) can be interrupted. */
#define RETRY(call)                              \
    (__extension__({                             \
        __typeof__(call) result_;                \
        do                                       \
            result_ = (call);                    \
        while (result_ == -1 && errno == EINTR); \
        result_;                                 \
    }))

#endif
