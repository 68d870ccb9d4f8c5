/* Calls of the system: none is left half done because of a signal or a cancellation. */
#ifndef CALL_H
#define CALL_H

#include <errno.h>
#include <pthread.h>

/* Between these two nothing is a cancellation point. A thread that ended in the middle
 * would leave our locks locked and its files open. */
static inline int call_hold_cancellation(void)
{
    int held;
    (void) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &held);
    return held;
}

static inline void call_allow_cancellation(int held)
{
    (void) pthread_setcancelstate(held, &held);
}

/* Repeats CALL, an int or ssize_t expression, while a signal interrupts it. On a
 * filesystem that another process serves (FUSE) that may be any call that gets there. */
#define RETRY(call)                              \
    (__extension__({                             \
        __typeof__(call) result_;                \
        int held_ = call_hold_cancellation();    \
        do                                       \
            result_ = (call);                    \
        while (result_ == -1 && errno == EINTR); \
        call_allow_cancellation(held_);          \
        result_;                                 \
    }))

#endif
