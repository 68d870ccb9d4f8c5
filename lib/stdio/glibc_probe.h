/* Finds out how glibc's struct _IO_FILE behaves. For glibc.c alone.
 *
 * The layout of the structure is frozen, as old programs have it compiled in, but glibc
 * promises nothing about what its members do. So they are tried once, with the glibc that
 * the program runs with. A library that was built with another glibc behaves the same. */
#ifndef GLIBC_PROBE_H
#define GLIBC_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>

/* A bit of _flags: fclose does not free the buffer. */
#define GLIBC_USER_BUFFER 0x1
/* A bit of _flags2: each stdio function locks the stream. */
#define GLIBC_NEED_LOCK 0x80
/* A value of _offset: glibc has to ask for the position. */
#define GLIBC_POSITION_UNKNOWN (-1)
/* A value of _offset that we set: a seek is in progress. */
#define GLIBC_SEEKING (-2)
/* The _fileno of a stream with callbacks. fopencookie sets it. */
#define GLIBC_NO_DESCRIPTOR (-2)

enum glibc_findings {
    GLIBC_NOT_PROBED,
    GLIBC_INTERNALS_FAIL,
    GLIBC_INTERNALS_WORK,
    GLIBC_SEEKS_CAN_BE_MARKED
};

/* The result of the probe. GLIBC_NOT_PROBED while there was no memory for it. */
extern atomic_int glibc_findings;
enum glibc_findings glibc_probe(void);

static inline enum glibc_findings glibc_find(void)
{
    enum glibc_findings findings =
        (enum glibc_findings) atomic_load_explicit(&glibc_findings, memory_order_acquire);
    return findings != GLIBC_NOT_PROBED ? findings : glibc_probe();
}

/* Whether the members work as this library needs it. All of these must hold for a stream
 * with callbacks: the lock bit is set and can be cleared; fileno returns the descriptor
 * that was set; the buffer that was set is used, at the first write and after it was
 * replaced in a write callback; and a position that was cleared is asked for. */
static inline bool glibc_internals_work(void)
{
    return glibc_find() >= GLIBC_INTERNALS_WORK;
}

/* Whether, besides, a mark that a seek callback sets in _offset is still there when fseek
 * reads, is gone at the next read, and that first read may return 0. */
static inline bool glibc_seeks_can_be_marked(void)
{
    return glibc_find() == GLIBC_SEEKS_CAN_BE_MARKED;
}

/* Whether fclose frees a buffer without the bit GLIBC_USER_BUFFER. Trying that could
 * crash, so the version of glibc decides. */
bool glibc_frees_buffers(void);

#endif
