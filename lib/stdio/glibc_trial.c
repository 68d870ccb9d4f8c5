#include <config.h>

#include "stdio/glibc_trial.h"

#if FILELIKE_GLIBC_INTERNALS

#include "base/lock.h"

#include <gnu/libc-version.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { SMALL = 4, LARGE = 64, SHOWN = 7, POSITION = 5 };

static const char digits[] = "0123456789";

/* Static, as a child of fork may write out a stream whose trial another thread of its
 * parent had not ended. */
static struct trial {
    FILE *file;
    char small[SMALL];
    char large[LARGE];
    char written[sizeof digits];
    size_t total;     /* bytes at WRITTEN */
    size_t most;      /* bytes of a write */
    off64_t position; /* as a file would have it */
    int reads;
    off64_t offsets[2]; /* what glibc knew in each */
    bool closed;
} trial;

static struct lock trial_lock = LOCK_INITIALIZER;

/* ---- The stream ----------------------------------------------------------------------
 */

static void set_trial_buffer(FILE *file, char *buffer, size_t size)
{
    file->_IO_buf_base = buffer;
    file->_IO_buf_end = buffer + size;
}

/* The first is for the seek. */
static ssize_t trial_read(void *cookie, char *buffer, size_t size)
{
    (void) cookie;
    if (trial.file == NULL || trial.reads == 2 || size == 0)
        return 0;
    trial.offsets[trial.reads] = trial.file->_offset;
    if (trial.reads++ == 0)
        return 0;
    buffer[0] = digits[trial.position++];
    return 1;
}

static ssize_t trial_write(void *cookie, const char *data, size_t size)
{
    (void) cookie;
    if (trial.file == NULL || size > sizeof trial.written - trial.total)
        return 0;
    memcpy(trial.written + trial.total, data, size);
    trial.total += size;
    if (size > trial.most)
        trial.most = size;
    set_trial_buffer(trial.file, trial.large, sizeof trial.large);
    return (ssize_t) size;
}

static int trial_seek(void *cookie, off64_t *offset, int whence)
{
    (void) cookie;
    trial.position = *offset += whence == SEEK_CUR ? trial.position : 0;
    if (trial.file != NULL && whence == SEEK_SET)
        trial.file->_offset = GLIBC_SEEKING;
    return trial.position >= 0 && trial.position < (off64_t) strlen(digits) ? 0 : -1;
}

static int trial_close(void *cookie)
{
    (void) cookie;
    trial.closed = true;
    return 0;
}

/* ---- The trial -----------------------------------------------------------------------
 */

static bool starts_as_known(FILE *file)
{
    return file->_fileno == GLIBC_NO_DESCRIPTOR && (file->_flags2 & GLIBC_NEED_LOCK) &&
           (file->_flags & GLIBC_USER_BUFFER) == 0 && file->_IO_buf_base == NULL &&
           file->_offset == GLIBC_POSITION_UNKNOWN;
}

static bool shows_descriptor(FILE *file)
{
    file->_fileno = SHOWN;
    return fileno(file) == SHOWN;
}

/* Byte by byte, so that none goes past them. */
static bool uses_buffers(FILE *file)
{
    file->_flags |= GLIBC_USER_BUFFER;
    set_trial_buffer(file, trial.small, sizeof trial.small);
    for (const char *digit = digits; *digit != '\0'; digit++)
        (void) putc(*digit, file);
    return fflush(file) == 0 && trial.most > SMALL && strcmp(trial.written, digits) == 0;
}

static bool asks_for_position(FILE *file)
{
    trial.position = POSITION;
    file->_offset = GLIBC_POSITION_UNKNOWN;
    return ftello64(file) == POSITION;
}

static bool keeps_mark(FILE *file)
{
    return fseeko64(file, POSITION, SEEK_SET) == 0 && trial.reads == 1 &&
           getc(file) == digits[POSITION] && trial.reads == 2 &&
           trial.offsets[0] == GLIBC_SEEKING && trial.offsets[1] == POSITION;
}

enum { UNTRIED, UNKNOWN, KNOWN, KNOWN_WITH_MARK };

/* The lock is held, so that an fflush(NULL) of another thread waits. */
static int try_stream(FILE *file)
{
    if (!starts_as_known(file))
        return UNKNOWN;
    file->_flags2 &= ~GLIBC_NEED_LOCK;
    bool known = shows_descriptor(file) && uses_buffers(file) && asks_for_position(file);
    int result = !known ? UNKNOWN : keeps_mark(file) ? KNOWN_WITH_MARK : KNOWN;
    return (file->_flags2 & GLIBC_NEED_LOCK) == 0 ? result : UNKNOWN;
}

/* Without memory for the stream nothing is known, and it is tried again with the next. */
static int try_glibc(void)
{
    static const cookie_io_functions_t callbacks = {
        trial_read, trial_write, trial_seek, trial_close};
    FILE *file = fopencookie(NULL, "w+", callbacks);
    if (file == NULL)
        return UNTRIED;
    flockfile(file);
    trial = (struct trial){.file = file};
    int result = try_stream(file);
    funlockfile(file);
    bool ended = fclose(file) == 0 && trial.closed;
    trial.file = NULL;
    return ended ? result : UNKNOWN;
}

static int knowledge(void)
{
    static atomic_int found;
    if (atomic_load_explicit(&found, memory_order_relaxed) != UNTRIED)
        return found;
    lock_acquire(&trial_lock);
    if (found == UNTRIED)
        found = try_glibc();
    lock_release(&trial_lock);
    return found;
}

bool glibc_is_as_known(void)
{
    return knowledge() >= KNOWN;
}

bool glibc_keeps_mark(void)
{
    return knowledge() == KNOWN_WITH_MARK;
}

bool glibc_frees_buffers(void)
{
    return glibc_is_as_known() && strverscmp(gnu_get_libc_version(), "2.26") >= 0;
}

#endif
