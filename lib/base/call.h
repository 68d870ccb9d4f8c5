/* Calls: of this library, which leave errno as it was where they succeed and are no
 * cancellation points; and of the system, none of which a signal leaves half done. */
#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* ---- Of this library -----------------------------------------------------------------
 *
 * Each public function and each of stdio's callbacks is one of these, from its first line
 * to its last:
 *
 *     struct call call = call_begin();
 *     int status = ...;
 *     return call_end(&call, status);
 *
 * A thread that was cancelled in between would leave locks locked and files open. Calls
 * may lie within each other. */
struct call {
    int error;        /* errno at the beginning */
    int cancellation; /* what pthread_setcancelstate gets back at the end */
};

static inline struct call call_begin(void)
{
    struct call call = {.error = errno};
    (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancellation);
    return call;
}

static inline void call_finish(const struct call *call, int succeeded)
{
    int ignored;
    int error = succeeded ? call->error : errno;
    (void) pthread_setcancelstate(call->cancellation, &ignored);
    errno = error;
}

/* RESULT, of any integer type, of which -1 is a failure; or a pointer, of which NULL is
 * one. */
#define call_end(call, result)              \
    (__extension__({                        \
        __typeof__(result) end_ = (result); \
        call_finish((call), end_ != -1);    \
        end_;                               \
    }))
#define call_end_pointer(call, result)      \
    (__extension__({                        \
        __typeof__(result) end_ = (result); \
        call_finish((call), end_ != NULL);  \
        end_;                               \
    }))

/* ---- Cleanup, after which errno still tells of the failure before it -----------------
 */

#define KEEPING_ERRNO(statement) \
    do {                         \
        int kept_ = errno;       \
        statement;               \
        errno = kept_;           \
    } while (0)

/* As free. (That of glibc keeps errno by itself from 2.33 on.) */
static inline void call_free(void *block)
{
    KEEPING_ERRNO(free(block));
}

/* ---- Steps that no signal handler comes into -----------------------------------------
 */

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

/* ---- Of the system -------------------------------------------------------------------
 */

/* Repeats CALL, an int or ssize_t expression, while a signal interrupts it. On a
 * filesystem that another process serves (FUSE) that may be any call that gets there. */
#define RETRY(call)                              \
    (__extension__({                             \
        __typeof__(call) result_;                \
        do                                       \
            result_ = (call);                    \
        while (result_ == -1 && errno == EINTR); \
        result_;                                 \
    }))

#endif
