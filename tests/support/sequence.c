#include <config.h>

#include "sequence.h"

#include "kinds.h"
#include "lockstep.h"
#include "real_file.h"
#include "step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *const sequence_modes[SEQUENCE_MODES] = {"r", "r+", "w", "w+", "a", "a+"};

struct run {
    struct lockstep lockstep;
    const struct kind *kind;
    bool stays; /* without the calls that move the bytes */
    bool keeps_small;
};

static void give_up(const char *what)
{
    (void) fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* ---- Opening -------------------------------------------------------------------------
 */

/* The bytes that streams start on. They are zeros at first. */
static char content[9000];

static void make_content(void)
{
    if (content[0] != '\0')
        return;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = i % 23 == 22 ? '\n' : (char) ('A' + i % 26);
}

/* Some kinds start empty: there "r" has nothing to read. */
static size_t content_size(const struct run *run, uint8_t chosen)
{
    static const size_t sizes[] = {0, 1, 7, 13, 100, 1024, 4096, sizeof content};
    bool starts_full = (run->kind->properties & KIND_STARTS_FULL) != 0;
    if (!starts_full && !pair_can_write(&run->lockstep.pairs[0]))
        return 0;
    return sizes[chosen % COUNT(sizes)];
}

/* 0 means the kind's own size. */
static size_t buffer_size(uint8_t chosen)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 16, 61, 128, 1000, 1024, 4096, 16384};
    return sizes[chosen % COUNT(sizes)];
}

static bool sets_no_buffering(uint8_t streams)
{
    return (streams & (STREAMS_SETVBUF | STREAMS_BY_LINES)) == STREAMS_SETVBUF;
}

static bool keeps_small(const uint8_t *bytes)
{
    enum { FEW = 16 }; /* bytes */
    size_t size = buffer_size(bytes[SEQUENCE_BUFFER]);
    bool tiny = (size != 0 && size <= FEW) || sets_no_buffering(bytes[SEQUENCE_STREAMS]);
    return tiny && (bytes[SEQUENCE_CONTENT] & CONTENT_KEEP_SMALL) != 0;
}

static bool takes(const struct kind *kind, const struct pair *pair)
{
    if (kind->properties & KIND_ONLY_UPDATE)
        return strcmp(pair->mode, "r+") == 0 || strcmp(pair->mode, "w+") == 0;
    if (kind->properties & KIND_ONLY_READS)
        return !pair_can_write(pair);
    return !(kind->properties & KIND_PUBLISHES) || pair_can_write(pair);
}

/* The position at which "a" starts. (musl's fopen leaves that to the first write.) */
static void go_where_mode_starts(FILE *file, const char *mode)
{
    if (strcmp(mode, "a") == 0 && fseeko(file, 0, SEEK_END) != 0)
        give_up("SEEK_END");
}

static FILE *open_real(const char *mode)
{
    FILE *file = fopen(real_file_path(), mode);
    if (file == NULL)
        give_up(real_file_path());
    go_where_mode_starts(file, mode);
    return file;
}

static FILE *open_tested(
    const struct kind *kind, const char *mode, size_t size, size_t buffer)
{
    struct filelike_options options = {.flags = FILELIKE_NOSYNC, .buffer_size = buffer};
    FILE *stream = kind_open_on(kind, content, size, mode, &options);
    if (stream == NULL)
        give_up(kind->name);
    if ((kind->properties & KIND_WATCHED) == 0)
        go_where_mode_starts(stream, mode);
    return stream;
}

static void open_first(struct run *run, const uint8_t *bytes)
{
    struct pair *first = &run->lockstep.pairs[0];
    size_t size = content_size(run, bytes[SEQUENCE_CONTENT]);
    size_t buffer = buffer_size(bytes[SEQUENCE_BUFFER]);
    lockstep_trace(&run->lockstep, "  %s, \"%s\", on %zu bytes, buffer of %zu\n",
        run->kind->name, first->mode, size, buffer);
    make_content();
    if (real_file_path() == NULL || !real_file_fill(content, size))
        give_up("the real file");
    first->descriptor = -1;
    first->real = open_real(first->mode);
    first->tested = open_tested(run->kind, first->mode, size, buffer);
    run->lockstep.pair_count = 1;
}

/* A program may call setvbuf before any other operation. */
static void set_buffering(struct lockstep *lockstep, int mode)
{
    const struct pair *pair = &lockstep->pairs[0];
    lockstep_trace(lockstep, "  setvbuf(%s)\n", mode == _IONBF ? "_IONBF" : "_IOLBF");
    int tested = setvbuf(pair->tested, NULL, mode, 0);
    lockstep_compare(lockstep, "setvbuf", tested, setvbuf(pair->real, NULL, mode, 0));
}

static void open_second(struct lockstep *lockstep, const char *mode)
{
    struct pair *first = &lockstep->pairs[0];
    struct pair *second = &lockstep->pairs[1];
    lockstep_trace(lockstep, "  second: filelike_reopen(\"%s\")\n", mode);
    *second = (struct pair){.mode = mode, .descriptor = -1};
    errno = ERRNO_BEFORE;
    second->tested = filelike_reopen(first->tested, mode);
    if (second->tested == NULL)
        give_up("filelike_reopen");
    lockstep_compare(lockstep, "errno after filelike_reopen", errno, ERRNO_BEFORE);
    if (first->last == WRITING)
        (void) fflush(first->real);
    second->real = open_real(mode);
    lockstep->pair_count = 2;
    lockstep_count(REOPEN);
    if (mode[0] == 'w') {
        lockstep_forget_view(lockstep);
        first->outdated = true;
    }
}

/* Opens a second stream on the bytes of the first. Closes an older second stream first.
 */
static void reopen(struct run *run, uint8_t chosen)
{
    const char *mode = sequence_modes[chosen % SEQUENCE_MODES];
    if (run->lockstep.pair_count == 2)
        lockstep_close(&run->lockstep);
    unsigned readers_only = KIND_PUBLISHES | KIND_ONLY_READS;
    if ((run->kind->properties & readers_only) && strcmp(mode, "r") != 0)
        return;
    open_second(&run->lockstep, mode);
}

static bool begin(struct run *run, const uint8_t *bytes)
{
    struct pair *first = &run->lockstep.pairs[0];
    uint8_t streams = bytes[SEQUENCE_STREAMS];
    run->kind = &kinds[bytes[SEQUENCE_KIND] % kind_count];
    run->stays = (streams & STREAMS_STAY) || (run->kind->properties & KIND_BOUND);
    first->mode = sequence_modes[bytes[SEQUENCE_MODE] % SEQUENCE_MODES];
    if (!takes(run->kind, first))
        return false;
    run->keeps_small = keeps_small(bytes);
    run->lockstep.unchanging = (run->kind->properties & KIND_ONLY_READS) != 0;
    bool bare = (run->kind->properties & KIND_BARE) != 0;
    run->lockstep.in_place =
        bare || ((run->kind->properties & KIND_STARTS_FULL) && !pair_can_write(first));
    open_first(run, bytes);
    if ((streams & STREAMS_SETVBUF) == STREAMS_SETVBUF)
        set_buffering(&run->lockstep, streams & STREAMS_BY_LINES ? _IOLBF : _IONBF);
    if (streams & STREAMS_TWO)
        reopen(run, bytes[SEQUENCE_SECOND_MODE]);
    return true;
}

/* ---- Steps ---------------------------------------------------------------------------
 */

/* A view has to stay valid when the bytes move. Random calls alone seldom test that. */
static void move_beneath_view(
    struct lockstep *lockstep, struct pair *pair, uint8_t variant)
{
    if ((variant & VARIANT_MOVE) == VARIANT_MOVE)
        lockstep_make_plain(lockstep, pair, variant & VARIANT_FLUSH ? ROLLOVER : PATH);
}

static void make_small(struct call *call)
{
    enum { MOST_SIZE = 300, MOST_DISTANCE = 1000 }; /* bytes */
    call->size %= MOST_SIZE;
    call->offset %= MOST_DISTANCE;
}

static void make_call(struct run *run, struct pair *pair, const uint8_t *step)
{
    uint8_t variant = step[STEP_VARIANT];
    enum operation_name operation = step_operation(step);
    if (run->stays && (operations[operation].effects & MOVES) != 0)
        return;
    /* A child's writes to an atomic stream of its parent are not published. */
    if (operation == CHILD_WRITES && (run->kind->properties & KIND_PUBLISHES) != 0)
        return;
    lockstep_prepare(&run->lockstep, pair, operation, (variant & VARIANT_FLUSH) != 0);
    struct call call = step_call(step, pair);
    if (run->keeps_small)
        make_small(&call);
    if (step_is_undefined(&call, pair))
        return;
    lockstep_make(&run->lockstep, pair, &call);
    if (operation == VIEW && !run->stays)
        move_beneath_view(&run->lockstep, pair, variant);
}

static void take_step(struct run *run, const uint8_t *step)
{
    bool second = (step[STEP_VARIANT] & VARIANT_SECOND) != 0;
    if (step_operation(step) == REOPEN)
        reopen(run, step[STEP_SIZE]);
    else
        make_call(
            run, &run->lockstep.pairs[second && run->lockstep.pair_count == 2], step);
}

/* ---- The end -------------------------------------------------------------------------
 */

static void swap_pairs(struct lockstep *lockstep)
{
    struct pair first = lockstep->pairs[0];
    lockstep->pairs[0] = lockstep->pairs[1];
    lockstep->pairs[1] = first;
}

/* The stream that is left must see the output that was pending in the closed one. */
static void finish(struct lockstep *lockstep, bool first_goes_first)
{
    struct pair *left = &lockstep->pairs[0];
    if (lockstep->pair_count == 2) {
        if (first_goes_first)
            swap_pairs(lockstep);
        left->outdated = true;
        lockstep_close(lockstep);
    }
    lockstep_catch_up(lockstep, left);
    if (!left->position_unknown)
        lockstep_make_plain(lockstep, left, FTELLO);
    lockstep_make_plain(lockstep, left, VIEW);
    lockstep_close(lockstep);
}

enum verdict sequence_run(const uint8_t *bytes, size_t size, FILE *trace)
{
    struct run run = {.lockstep.trace = trace};
    if (size < SEQUENCE_HEADER || !begin(&run, bytes))
        return VERDICT_SKIPPED;
    size_t steps = (size - SEQUENCE_HEADER) / STEP_BYTES;
    for (size_t i = 0; i < steps && i < SEQUENCE_STEPS && !run.lockstep.different; i++)
        take_step(&run, bytes + SEQUENCE_HEADER + i * STEP_BYTES);
    finish(&run.lockstep, (bytes[SEQUENCE_STREAMS] & STREAMS_FIRST_GOES_FIRST) != 0);
    return run.lockstep.different ? VERDICT_DIFFERENT : VERDICT_SAME;
}
