#include <config.h>

#include "lockstep.h"

#include "filelike.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Too large for the stack of every C library. */
static struct outcome tested_outcome;
static struct outcome real_outcome;

static uint64_t calls_made[OPERATION_COUNT];

void lockstep_count(enum operation_name operation)
{
    calls_made[operation]++;
}

uint64_t lockstep_calls_made(enum operation_name operation)
{
    return calls_made[operation];
}

bool pair_can_read(const struct pair *pair)
{
    return pair->mode[0] == 'r' || pair->mode[1] == '+';
}

bool pair_can_write(const struct pair *pair)
{
    return pair->mode[0] != 'r' || pair->mode[1] == '+';
}

/* ---- Tracing -------------------------------------------------------------------------
 */

void lockstep_trace(const struct lockstep *run, const char *line, ...)
{
    va_list arguments;
    if (run->trace == NULL)
        return;
    va_start(arguments, line);
    (void) vfprintf(run->trace, line, arguments);
    va_end(arguments);
}

static void trace_call(
    const struct lockstep *run, const struct pair *pair, const struct call *call)
{
    if (run->trace == NULL)
        return;
    lockstep_trace(run, "  %s", pair == run->pairs ? "" : "second: ");
    call_describe(call, run->trace);
    (void) fflush(run->trace);
}

static void trace_result(const struct lockstep *run, const struct pair *pair)
{
    lockstep_trace(run, " = %" PRId64 "%s%s%s\n", real_outcome.result,
        real_outcome.failed ? ", failed" : "", feof(pair->real) ? ", at the end" : "",
        ferror(pair->real) ? ", in error" : "");
}

/* ---- Comparing -----------------------------------------------------------------------
 */

void lockstep_compare(
    struct lockstep *run, const char *what, int64_t tested, int64_t real)
{
    if (tested == real || run->different)
        return;
    run->different = true;
    lockstep_trace(run,
        "    different: %s is %" PRId64 ", on the real file %" PRId64 "\n", what, tested,
        real);
}

static void compare_bytes(struct lockstep *run, const char *what, const char *tested,
    const char *real, size_t size)
{
    if (run->different || size == 0 || memcmp(tested, real, size) == 0)
        return;
    size_t i = 0;
    while (tested[i] == real[i])
        i++;
    lockstep_trace(run, "    byte %zu of %zu:\n", i, size);
    lockstep_compare(run, what, (unsigned char) tested[i], (unsigned char) real[i]);
}

/* stdio itself refuses calls that the mode forbids. glibc sets EBADF, musl leaves errno
 * alone. */
static bool says_why(const struct pair *pair, const struct call *call)
{
#ifdef __GLIBC__
    (void) pair;
    (void) call;
    return true;
#else
    unsigned effects = operations[call->operation].effects;
    return ((effects & READS) == 0 || pair_can_read(pair)) &&
           ((effects & WRITES) == 0 || pair_can_write(pair));
#endif
}

static void compare_outcomes(
    struct lockstep *run, const struct pair *pair, const struct call *call)
{
    const struct outcome *tested = &tested_outcome;
    const struct outcome *real = &real_outcome;
    lockstep_compare(run, "the result", tested->result, real->result);
    bool refused =
        run->unchanging && (operations[call->operation].effects & CHANGES) != 0;
    bool same_errno =
        real->failed ? says_why(pair, call) && !refused : real->error == ERRNO_BEFORE;
    if (same_errno)
        lockstep_compare(run, "errno", tested->error, real->error);
    lockstep_compare(
        run, "the number of bytes", (int64_t) tested->size, (int64_t) real->size);
    compare_bytes(run, "a byte", tested->data, real->data, real->size);
}

static void compare_indicators(struct lockstep *run, const struct pair *pair)
{
    lockstep_compare(run, "feof", feof(pair->tested) != 0, feof(pair->real) != 0);
    lockstep_compare(run, "ferror", ferror(pair->tested) != 0, ferror(pair->real) != 0);
}

/* ---- Views ---------------------------------------------------------------------------
 */

void lockstep_forget_view(struct lockstep *run)
{
    free(run->view_copy);
    run->view = NULL;
    run->view_copy = NULL;
}

static void remember_view(struct lockstep *run)
{
    lockstep_forget_view(run);
    run->view = tested_outcome.data;
    run->view_size = tested_outcome.size;
    run->view_copy = real_outcome.block;
    real_outcome.block = NULL;
    if (!run->different && !run->in_place)
        lockstep_compare(
            run, "the byte behind the view", run->view[run->view_size], '\0');
}

/* It is valid until the next write, truncation or close. */
static void check_view(struct lockstep *run)
{
    if (run->view != NULL)
        compare_bytes(
            run, "a byte of the view", run->view, run->view_copy, run->view_size);
}

/* ---- Making a call on both -----------------------------------------------------------
 */

/* glibc loses the position of a stream with callbacks if a write follows read-ahead. A
 * relative seek then goes astray. A build without glibc's internals cannot repair this,
 * as the manual says, so the tests avoid such seeks. */
static void lose_position(struct pair *pair)
{
#if defined __GLIBC__ && !FILELIKE_GLIBC_INTERNALS
    pair->position_lost = pair_can_read(pair);
#else
    (void) pair;
#endif
}

static bool is_found_again(const struct call *call)
{
    return call->operation != FSEEKO || call->whence != SEEK_CUR;
}

static void note_position(struct pair *pair, const struct call *call)
{
    if (real_outcome.result == -1)
        return;
    pair->last = NOTHING;
    pair->written = false;
    pair->pushed_back = false;
    pair->was_pushed_back = false;
    pair->position_unknown = false;
    pair->handed_over = false;
    if (is_found_again(call))
        pair->position_lost = false;
}

static bool asks_for_nothing(const struct call *call)
{
    return (call->operation == FREAD && call->size < call->unit) ||
           (call->operation == FGETS && call->size == 0);
}

static void note_read(struct pair *pair, const struct call *call)
{
    /* After a read that has met end-of-file, a write may follow at once. */
    pair->last = feof(pair->real) ? NOTHING : READING;
    /* getline reads nothing while the error indicator is set. */
    if (!asks_for_nothing(call) && real_outcome.result != -1) {
        pair->pushed_back = call->operation == UNGETC;
        pair->handed_over = false;
    }
    if (pair->pushed_back)
        pair->was_pushed_back = true;
}

static void note_change(struct lockstep *run, const struct pair *pair)
{
    for (size_t i = 0; i < run->pair_count; i++)
        if (&run->pairs[i] != pair)
            run->pairs[i].outdated = true;
}

static void note(struct lockstep *run, struct pair *pair, const struct call *call)
{
    unsigned effects = operations[call->operation].effects;
    if (effects & POSITIONS)
        note_position(pair, call);
    if (effects & READS)
        note_read(pair, call);
    if (effects & WRITES) {
        pair->last = WRITING;
        pair->written = true;
        lose_position(pair);
    }
    if (call->operation == FFLUSH && pair->last == WRITING)
        pair->last = NOTHING;
    if (effects & (WRITES | CHANGES))
        note_change(run, pair);
    if (call->operation == WRITE_BENEATH)
        pair->outdated = true;
}

static void call_both(const struct pair *pair, const struct call *call)
{
    struct call own = *call;
    own.descriptor = pair->descriptor;
    call_stream(pair->tested, &own, &tested_outcome);
    own.descriptor = fileno(pair->real);
    call_real_file(pair->real, &own, &real_outcome);
}

static void stay(struct lockstep *run, struct pair *pair);

/* To be called after another handle was used. At the end of the file glibc's fread looks
 * at the indicator or at the file, depending on the number of bytes. See facts.c. */
static void take_over(struct lockstep *run, struct pair *pair)
{
    pair->handed_over = true;
    if (feof(pair->real))
        stay(run, pair);
}

void lockstep_make(struct lockstep *run, struct pair *pair, const struct call *call)
{
    if (run->different)
        return;
    if (operations[call->operation].effects & (WRITES | CHANGES))
        lockstep_forget_view(run);
    if (call->operation == UNGETC)
        pair->position_unknown = ftello(pair->real) == 0;
    trace_call(run, pair, call);
    call_both(pair, call);
    trace_result(run, pair);
    lockstep_count(call->operation);
    compare_outcomes(run, pair, call);
    compare_indicators(run, pair);
    if (call->operation == VIEW)
        remember_view(run);
    check_view(run);
    note(run, pair, call);
    if (operations[call->operation].effects & HANDS_OVER)
        take_over(run, pair);
}

/* ---- Calls that must come between ----------------------------------------------------
 */

static void seek(struct lockstep *run, struct pair *pair, int64_t offset, int whence)
{
    lockstep_make(run, pair,
        &(struct call){.operation = FSEEKO, .offset = offset, .whence = whence});
}

void lockstep_make_plain(
    struct lockstep *run, struct pair *pair, enum operation_name operation)
{
    lockstep_make(run, pair, &(struct call){.operation = operation});
}

int64_t pair_position(const struct pair *pair)
{
    int64_t position = ftello(pair->real);
    return position < 0 ? 0 : position;
}

/* glibc sometimes loses the position of fopen's streams if a relative seek follows
 * ungetc. It does so even if the character has been read since. */
bool pair_may_seek_relatively(const struct pair *pair)
{
    return !pair->position_unknown && !pair->position_lost && !pair->was_pushed_back;
}

/* Seeks to the present position, so that reading and writing may follow. */
static void stay(struct lockstep *run, struct pair *pair)
{
    if (!pair_may_seek_relatively(pair))
        seek(run, pair, pair_position(pair), SEEK_SET);
    else
        seek(run, pair, 0, SEEK_CUR);
}

/* Other streams see a stream's writes once it is flushed. Their read-ahead stays as it
 * is. glibc keeps it as long as positions lie within it, so seek far away and back. */
void lockstep_catch_up(struct lockstep *run, struct pair *pair)
{
    for (size_t i = 0; i < run->pair_count; i++)
        if (&run->pairs[i] != pair && run->pairs[i].last == WRITING)
            lockstep_make_plain(run, &run->pairs[i], FFLUSH);
    if (!pair->outdated)
        return;
    int64_t position = pair_position(pair);
    seek(run, pair, FAR_AWAY, SEEK_SET);
    seek(run, pair, position, SEEK_SET);
    pair->outdated = false;
}

/* ISO C allows output after input only after a seek or end-of-file. It allows input after
 * output only after a flush or a seek. Besides, glibc crashes if ungetc follows a flush,
 * or if fflush meets a pushed-back character. If that character has been read since,
 * fflush leaves the offset of the descriptor where the read-ahead ends. All of that
 * happens to fopen's streams, too, and after another handle has moved the offset their
 * ungetc does not count, unless they seek or read first. */
static bool must_stay(const struct pair *pair, enum operation_name operation)
{
    unsigned effects = operations[operation].effects;
    bool reads = (effects & READS) != 0;
    bool writes = (effects & WRITES) != 0;
    if (operation == UNGETC && (pair->written || pair->handed_over))
        return true;
    if (reads && pair->last == WRITING)
        return true;
    if (writes && pair->last == READING)
        return true;
    if ((effects & ASKS) && pair->position_unknown)
        return true;
    bool flushes = operation == FFLUSH || operation == FILENO ||
                   operation == WRITE_BENEATH || (effects & HANDS_OVER) != 0;
    return (writes || flushes) && pair->was_pushed_back;
}

/* filelike_fileno always returns the same descriptor. Plain fileno returns it too, if the
 * stream has one. */
static void obtain_descriptor(struct lockstep *run, struct pair *pair)
{
    lockstep_make_plain(run, pair, FILENO);
    if (run->different)
        return;
    pair->descriptor = filelike_fileno(pair->tested);
#if defined __GLIBC__ && FILELIKE_GLIBC_INTERNALS
    lockstep_compare(run, "fileno", fileno(pair->tested), pair->descriptor);
#endif
}

/* POSIX (XSH 2.5.1) asks for a flush before another handle of an open file is used. The
 * tests flush an unbuffered stream, too. They also flush after a seek: glibc's own
 * streams would otherwise take the old position for the present one. */
static void hand_over(struct lockstep *run, struct pair *pair, bool flush)
{
    if (pair->descriptor == -1)
        obtain_descriptor(run, pair);
    if (!flush)
        stay(run, pair);
    lockstep_make_plain(run, pair, FFLUSH);
}

void lockstep_prepare(
    struct lockstep *run, struct pair *pair, enum operation_name operation, bool flush)
{
    lockstep_catch_up(run, pair);
    if (flush && pair->last == WRITING)
        lockstep_make_plain(run, pair, FFLUSH);
    if (must_stay(pair, operation))
        stay(run, pair);
    if (operations[operation].effects & HANDS_OVER)
        hand_over(run, pair, flush);
}

/* ---- The end -------------------------------------------------------------------------
 */

void lockstep_close(struct lockstep *run)
{
    struct pair *pair = &run->pairs[--run->pair_count];
    lockstep_forget_view(run);
    if (!run->different)
        lockstep_trace(run, "  %sfclose\n", run->pair_count == 0 ? "" : "second: ");
    errno = ERRNO_BEFORE;
    int tested = fclose(pair->tested);
    int tested_error = errno;
    errno = ERRNO_BEFORE;
    int real = fclose(pair->real);
    /* musl's fclose seeks back over read-ahead, which may set errno. */
    if (tested == 0 && errno == ERRNO_BEFORE)
        lockstep_compare(run, "errno after fclose", tested_error, errno);
    lockstep_compare(run, "fclose", tested, real);
    outcome_release(&tested_outcome);
    outcome_release(&real_outcome);
}
