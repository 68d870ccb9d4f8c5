#include <config.h>

#include "base/lock.h"

#if FILELIKE_GLIBC_INTERNALS

#include "stdio/glibc_cookie.h"
#include "stdio/glibc_probe.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>

enum {
    SMALL = 4,      /* bytes of the first buffer */
    LARGE = 64,     /* bytes of the second buffer */
    DESCRIPTOR = 7, /* for fileno; never used as a descriptor */
    POSITION = 5    /* in digits */
};

static const char digits[] = "0123456789";

/* Static, because a forked child may write out a stream that another thread of its parent
 * was probing. */
static struct probe {
    FILE *file;
    char small[SMALL];
    char large[LARGE];
    char written[sizeof digits];
    size_t total;       /* bytes in WRITTEN */
    size_t largest;     /* bytes of the largest write */
    off64_t position;   /* of a file that holds the digits */
    int reads;          /* calls of the read callback */
    off64_t offsets[2]; /* file->_offset in each of them */
    bool closed;
} probe;

static struct lock probe_lock = LOCK_INITIALIZER;

/* ---- The stream ------------------------------------------------------------------ */

static void set_probe_buffer(FILE *file, char *buffer, size_t size)
{
    file->_IO_buf_base = buffer;
    file->_IO_buf_end = buffer + size;
}

/* The first read is that of fseek, and the second that of getc. */
static ssize_t probe_read(void *cookie, char *buffer, size_t size)
{
    (void) cookie;
    if (probe.file == NULL || probe.reads == 2 || size == 0)
        return 0;
    probe.offsets[probe.reads] = probe.file->_offset;
    if (probe.reads++ == 0)
        return 0;
    buffer[0] = digits[probe.position++];
    return 1;
}

static ssize_t probe_write(void *cookie, const char *data, size_t size)
{
    (void) cookie;
    if (probe.file == NULL || size > sizeof probe.written - probe.total)
        return 0;
    memcpy(probe.written + probe.total, data, size);
    probe.total += size;
    if (size > probe.largest)
        probe.largest = size;
    set_probe_buffer(probe.file, probe.large, sizeof probe.large);
    return (ssize_t) size;
}

static int probe_seek(void *cookie, off64_t *offset, int whence)
{
    (void) cookie;
    probe.position = *offset += whence == SEEK_CUR ? probe.position : 0;
    if (probe.file != NULL && whence == SEEK_SET)
        probe.file->_offset = GLIBC_SEEKING;
    return probe.position >= 0 && probe.position < (off64_t) strlen(digits) ? 0 : -1;
}

static int probe_close(void *cookie)
{
    (void) cookie;
    probe.closed = true;
    return 0;
}

/* ---- The probe ------------------------------------------------------------------- */

static bool starts_as_expected(FILE *file)
{
    return file->_fileno == GLIBC_NO_DESCRIPTOR && (file->_flags2 & GLIBC_NEED_LOCK) &&
           (file->_flags & GLIBC_USER_BUFFER) == 0 && file->_IO_buf_base == NULL &&
           file->_offset == GLIBC_POSITION_UNKNOWN;
}

static bool shows_descriptor(FILE *file)
{
    file->_fileno = DESCRIPTOR;
    return fileno(file) == DESCRIPTOR;
}

/* Byte by byte, because larger writes go past the buffer. */
static bool uses_buffers(FILE *file)
{
    file->_flags |= GLIBC_USER_BUFFER;
    set_probe_buffer(file, probe.small, sizeof probe.small);
    for (const char *digit = digits; *digit != '\0'; digit++)
        (void) putc(*digit, file);
    return fflush(file) == 0 && probe.largest > SMALL &&
           strcmp(probe.written, digits) == 0;
}

static bool asks_for_position(FILE *file)
{
    probe.position = POSITION;
    file->_offset = GLIBC_POSITION_UNKNOWN;
    return ftello64(file) == POSITION;
}

static bool can_mark_seek(FILE *file)
{
    return fseeko64(file, POSITION, SEEK_SET) == 0 && probe.reads == 1 &&
           getc(file) == digits[POSITION] && probe.reads == 2 &&
           probe.offsets[0] == GLIBC_SEEKING && probe.offsets[1] == POSITION;
}

/* The caller has locked FILE, so another thread's fflush(NULL) waits. */
static int probe_stream(FILE *file)
{
    if (!starts_as_expected(file))
        return GLIBC_INTERNALS_FAIL;
    file->_flags2 &= ~GLIBC_NEED_LOCK;
    bool work = shows_descriptor(file) && uses_buffers(file) && asks_for_position(file);
    int result = !work                 ? GLIBC_INTERNALS_FAIL
                 : can_mark_seek(file) ? GLIBC_SEEKS_CAN_BE_MARKED
                                       : GLIBC_INTERNALS_WORK;
    return (file->_flags2 & GLIBC_NEED_LOCK) == 0 ? result : GLIBC_INTERNALS_FAIL;
}

/* GLIBC_NOT_PROBED if there is no memory for the stream. The next stream then tries
 * again. */
static int probe_glibc(void)
{
    static const cookie_io_functions_t probe_callbacks = {
        probe_read, probe_write, probe_seek, probe_close};
    FILE *file = fopencookie(NULL, "w+", probe_callbacks);
    if (file == NULL)
        return GLIBC_NOT_PROBED;
    flockfile(file);
    probe = (struct probe){.file = file};
    glibc_cookie_see_foreign(file);
    int result = probe_stream(file);
    funlockfile(file);
    bool ended = fclose(file) == 0 && probe.closed;
    probe.file = NULL;
    return ended ? result : GLIBC_INTERNALS_FAIL;
}

atomic_int glibc_findings;

enum glibc_findings glibc_probe(void)
{
    lock_acquire(&probe_lock);
    if (glibc_findings == GLIBC_NOT_PROBED)
        glibc_findings = probe_glibc();
    enum glibc_findings found = (enum glibc_findings) glibc_findings;
    lock_release(&probe_lock);
    return found;
}

bool glibc_frees_buffers(void)
{
    return glibc_internals_work() && strverscmp(gnu_get_libc_version(), "2.26") >= 0;
}

#endif
